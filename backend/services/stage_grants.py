"""Grants: rewards that rules give beside points, kept for the member until they are claimed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Update, select, update

from backend.core.engine.outcome import Evaluation
from backend.ledger.columns import table_of
from backend.ledger.loading import MemberState
from backend.ledger.reward_tables import RewardGrant
from backend.ledger.unit_of_work import UnitOfWork

Row = dict[str, Any]
_GRANTS = table_of(RewardGrant)


def stage_grants(
    work: UnitOfWork, member: MemberState, evaluation: Evaluation, source_id: str
) -> tuple[str, ...]:
    """Keeps what the purchase or event brought; the ids, in the order of the evaluation's grants.

    Whether the catalogue has such a reward is asked when it is claimed: a till never waits for it.
    """
    made = []
    for each in evaluation.grants:
        row: Row = {
            "id": work.new_id("grt"),
            "program_id": member.program_id,
            "member_id": member.id,
            "reward": each.reward,
            "rule": each.rule,
            "text": each.text,
            "quantity": each.quantity,
            "claimed_count": 0,
            "source_id": source_id,
            "created_at_ms": work.now_ms,
            "cancelled_at_ms": None,
        }
        work.stage(RewardGrant, row)
        work.state.spending.grants[row["id"]] = row
        made.append(row["id"])
    return tuple(made)


def cancel_grants(work: UnitOfWork, *, source_id: str) -> None:
    """Ends what a purchase brought and nobody has claimed; what was claimed stays."""
    for row in work.state.spending.grants.values():
        if row["source_id"] == source_id and row["cancelled_at_ms"] is None:
            row["cancelled_at_ms"] = work.now_ms
    work.execute(_ending(work).where(_GRANTS.c.source_id == source_id))


def claimed_rules(work: UnitOfWork, source_id: str) -> set[str]:
    """The rules whose rewards for this purchase somebody has claimed."""
    found = select(_GRANTS).where(_GRANTS.c.source_id == source_id)
    rows = work.ask(lambda connection: list(connection.execute(found).mappings()))
    counts = {row["id"]: (row["rule"], row["claimed_count"]) for row in rows}
    for row in work.state.spending.grants.values():
        if row["source_id"] == source_id:
            counts[row["id"]] = (row["rule"], row["claimed_count"])
    return {rule for rule, claimed_count in counts.values() if claimed_count}


def end_grants_of(work: UnitOfWork, member: MemberState) -> None:
    """Ends what a member who leaves has not claimed."""
    work.execute(_ending(work).where(_GRANTS.c.member_id == member.id))


def move_grants(work: UnitOfWork, source: MemberState, target: MemberState) -> None:
    """What one member was given is another's who is the same person."""
    owned = update(_GRANTS).where(_GRANTS.c.member_id == source.id)
    work.execute(owned.values(member_id=target.id))


def _ending(work: UnitOfWork) -> Update:
    running = update(_GRANTS).where(_GRANTS.c.cancelled_at_ms.is_(None))
    return running.values(cancelled_at_ms=work.now_ms)
