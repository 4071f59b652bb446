"""One welcome for a person who turns out to have signed up twice."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from backend.core.operations import Kind, Reason
from backend.ledger.columns import table_of
from backend.ledger.loading import MemberState
from backend.ledger.rule_tables import MemberEvent, PendingPoints
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.record_event import SIGNUP, once_key

_EVENTS, _PENDING = table_of(MemberEvent), table_of(PendingPoints)


def take_second_welcome(
    work: UnitOfWork, source: MemberState, target: MemberState, change_id: str
) -> int:
    """Takes back what the source was given for signing up, if the target was given it as well: a
    person is welcomed once. Never more than the target has; how many points that are. What still
    waited for its release never comes."""
    first = work.ask(lambda connection: _welcome(connection, target))
    second = work.ask(lambda connection: _welcome(connection, source))
    if first is None or second is None:
        return 0
    event_id, points = second
    waiting = work.ask(lambda connection: _waiting(connection, event_id))
    if waiting:
        target.pending_points -= waiting
        work.touch_balance(target)
        work.execute(
            update(_PENDING)
            .where(_PENDING.c.source_id == event_id, _PENDING.c.state == "pending")
            .values(state="cancelled", cancelled_points=_PENDING.c.points, closed_at_ms=work.now_ms)
        )
    taken = min(points, target.available_points)
    if taken:
        details = {"merge_id": change_id, "event_id": event_id, "points": taken}
        work.stage_operation(
            Kind.ADJUST_DEBIT, target, taken, change_id, details, reason=Reason.GIVEN_TWICE
        )
    return taken


def _welcome(connection: Connection, member: MemberState) -> tuple[str, int] | None:
    """The member's welcome: its event, and what of it the member was credited by now."""
    found = connection.execute(
        select(_EVENTS.c.id, _EVENTS.c.points).where(
            _EVENTS.c.program_id == member.program_id,
            _EVENTS.c.event_key == once_key(SIGNUP, member.id),
            _EVENTS.c.points + _EVENTS.c.pending_points > 0,
        )
    ).first()
    if found is None:
        return None
    released = connection.execute(
        select(func.coalesce(func.sum(_PENDING.c.points - _PENDING.c.cancelled_points), 0)).where(
            _PENDING.c.source_id == found.id, _PENDING.c.state == "released"
        )
    ).scalar_one()
    return found.id, found.points + int(released)


def _waiting(connection: Connection, event_id: str) -> int:
    return int(
        connection.execute(
            select(
                func.coalesce(func.sum(_PENDING.c.points - _PENDING.c.cancelled_points), 0)
            ).where(_PENDING.c.source_id == event_id, _PENDING.c.state == "pending")
        ).scalar_one()
    )
