"""Pending points: released by a date or an event, or cancelled by the return of what earned them.

They leave the member's `pending_points` and, when released, become points by an operation; that is
the first moment they are in a balance or on their way to the chain.
"""

from __future__ import annotations

from typing import Any, Final

from backend.core.operations import Kind
from backend.ledger.loading import MemberState
from backend.ledger.rule_tables import PendingPoints
from backend.ledger.unit_of_work import UnitOfWork

Row = dict[str, Any]
RELEASED: Final = "released"
CANCELLED: Final = "cancelled"


def release(work: UnitOfWork, member: MemberState, row: Row) -> str | None:
    """Credits what of these pending points was not cancelled; the operation's id, None when
    nothing is left of them."""
    points = row["points"] - row["cancelled_points"]
    if not points:
        _close(work, member, row, CANCELLED, None)
        return None
    from_purchase = row["source_id"].startswith("pur_")
    details = {
        "pending_id": row["id"],
        "rule_hash": row["rules_hash"],
        "reasons": [[row["rule"], points, row["text"]]],
        **({"purchase_id": row["source_id"]} if from_purchase else {}),
    }
    kind = Kind.ACCRUE if from_purchase else Kind.BONUS
    operation_id = work.stage_operation(kind, member, points, row["source_id"], details)
    _close(work, member, row, RELEASED, operation_id)
    return operation_id


def cancel_pending(work: UnitOfWork, member: MemberState, row: Row, points: int) -> int:
    """Takes up to `points` of these pending points back before their release; how many it took.

    For a return: load them with `Wants.pending_of` of the purchase, and find those that still
    wait with `work.state.earning.waiting(purchase_id)`.
    """
    taken: int = min(points, row["points"] - row["cancelled_points"])
    if taken <= 0:
        return 0
    row["cancelled_points"] += taken
    member.pending_points -= taken
    if row["cancelled_points"] == row["points"]:
        row["state"], row["closed_at_ms"] = CANCELLED, work.now_ms
    _stage(work, row)
    work.touch_balance(member)
    return taken


def _close(
    work: UnitOfWork, member: MemberState, row: Row, state: str, operation_id: str | None
) -> None:
    member.pending_points -= row["points"] - row["cancelled_points"]
    row |= {"state": state, "closed_at_ms": work.now_ms, "operation_id": operation_id}
    _stage(work, row)
    work.touch_balance(member)


def _stage(work: UnitOfWork, row: Row) -> None:
    names = ("id", "cancelled_points", "state", "closed_at_ms", "operation_id")
    work.stage_update(PendingPoints, {name: row.get(name) for name in names})
