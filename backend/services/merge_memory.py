"""What a program remembers of two members who are one: status, stamps, clubs, and one welcome."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from backend.core.engine.merged import merged
from backend.core.engine.standing import EMPTY
from backend.core.operations import Kind, Reason
from backend.ledger.columns import table_of
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.rule_tables import MemberEvent, PendingPoints
from backend.ledger.tier_tables import Subscription
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.crediting import remember
from backend.services.judge_tier import judge_merged
from backend.services.judging import standing_of
from backend.services.record_event import SIGNUP, once_key

_EVENTS, _PENDING = table_of(MemberEvent), table_of(PendingPoints)
_SUBSCRIPTIONS = table_of(Subscription)


def merge_memory(
    work: UnitOfWork,
    program: ProgramState,
    source: MemberState,
    target: MemberState,
    change_id: str,
) -> None:
    """The target remembers both pasts and has the better status; the source's clubs are its own.
    What the source remembers is left as it was: its history stays readable."""
    standing = merged(standing_of(work, program, target), standing_of(work, program, source))
    if standing != EMPTY:
        remember(work, target, standing)
        work.state.earning.past.pop(target.id, None)
    judge_merged(work, program, source, target, standing, change_id)
    work.execute(
        update(_SUBSCRIPTIONS)
        .where(_SUBSCRIPTIONS.c.member_id == source.id)
        .values(member_id=target.id)
    )


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
