"""Debts: what returns could not take back, made up by the points that come next.

Those points are journalled in full. What is owed is taken from them by an operation of its own in
the same commit, so that chain, ledger and receipts tell the same story and no balance is negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.core.operations import Kind
from backend.ledger.debt_tables import MemberDebt

if TYPE_CHECKING:
    from backend.ledger.loading import MemberState
    from backend.ledger.unit_of_work import UnitOfWork


def owe(work: UnitOfWork, member: MemberState, points: int, source_id: str) -> None:
    """Notes that the member owes so many more points."""
    _note(work, member, points, source_id, None)


def make_up(
    work: UnitOfWork, member: MemberState, credited_points: int, source_id: str, credit_id: str
) -> None:
    """Takes what the member owes from points that were credited this moment, by operation
    `credit_id`. Nothing where only the member's signature burns: the chain would refuse it."""
    asked = work.state.signing_asked.get(member.id)
    if work.state.programs[member.program_id].signed_only or (asked and asked.signed_only):
        return
    points = min(member.debt_points, credited_points, member.available_points)
    if not points:
        return
    details = {"debt_points": points, "credit_operation_id": credit_id}
    operation_id = work.stage_operation(Kind.RETURN, member, points, source_id, details)
    _note(work, member, -points, source_id, operation_id)


def _note(
    work: UnitOfWork, member: MemberState, points: int, source_id: str, operation_id: str | None
) -> None:
    row = {
        "id": work.new_id("debt"),
        "program_id": member.program_id,
        "member_id": member.id,
        "source_id": source_id,
        "points": points,
        "operation_id": operation_id,
        "recorded_at_ms": work.now_ms,
    }
    work.stage(MemberDebt, row)
    member.debt_points += points
    work.touch_balance(member)
