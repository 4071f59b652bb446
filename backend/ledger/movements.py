"""Reads of the journal as statements and clearing count it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import Connection, and_, bindparam, case, func, select

from backend.core.calendar import Calendar
from backend.core.clearing import Movement
from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.life_tables import OperationOrigin
from backend.ledger.tables import JournalEntry

_JOURNAL, _ORIGINS = table_of(JournalEntry), table_of(OperationOrigin)
_CREDITS = [int(kind) for kind in Kind if kind.is_credit]
_SIGNED = case((_JOURNAL.c.kind.in_(_CREDITS), _JOURNAL.c.points), else_=-_JOURNAL.c.points)
_BEFORE = select(func.coalesce(func.sum(_SIGNED), 0)).where(
    _JOURNAL.c.member_id == bindparam("member"), _JOURNAL.c.recorded_at_ms < bindparam("from_ms")
)
_BETWEEN = (
    select(_JOURNAL.c.kind, _JOURNAL.c.reason, func.sum(_JOURNAL.c.points))
    .where(
        _JOURNAL.c.member_id == bindparam("member"),
        _JOURNAL.c.recorded_at_ms >= bindparam("from_ms"),
        _JOURNAL.c.recorded_at_ms < bindparam("to_ms"),
    )
    .group_by(_JOURNAL.c.kind, _JOURNAL.c.reason)
)
_ALL = (
    select(
        _JOURNAL.c.kind,
        _JOURNAL.c.reason,
        _JOURNAL.c.member_id,
        _JOURNAL.c.points,
        _JOURNAL.c.age,
        _JOURNAL.c.source_id,
        _JOURNAL.c.details,
        _JOURNAL.c.recorded_at_ms,
        _ORIGINS.c.merchant_id,
    )
    .outerjoin(
        _ORIGINS,
        and_(
            _ORIGINS.c.operation_id == _JOURNAL.c.operation_id,
            _ORIGINS.c.program_id == _JOURNAL.c.program_id,
        ),
    )
    .where(
        _JOURNAL.c.program_id == bindparam("program"),
        _JOURNAL.c.recorded_at_ms < bindparam("to_ms"),
    )
    .order_by(_JOURNAL.c.entry_no)
)


def points_before(connection: Connection, member_id: str, from_ms: int) -> int:
    """The member's points as the journal had them at a moment."""
    bound = {"member": member_id, "from_ms": from_ms}
    return int(connection.execute(_BEFORE, bound).scalar_one())


def sums_between(
    connection: Connection, member_id: str, from_ms: int, to_ms: int
) -> list[tuple[Kind, int, int]]:
    """What moved in a period, as (kind, reason, points)."""
    bound = {"member": member_id, "from_ms": from_ms, "to_ms": to_ms}
    return [
        (Kind(kind), reason, int(points))
        for kind, reason, points in connection.execute(_BETWEEN, bound)
    ]


def movements(
    connection: Connection,
    program_id: str,
    calendar: Calendar,
    owner_id: str,
    span: tuple[int, int],
) -> Iterator[Movement]:
    """The program's journal up to the end of the span (UTC milliseconds), read as it is used. What
    is of no partner, as an expiry, is the owner's."""
    from_ms, to_ms = span
    bound = {"program": program_id, "to_ms": to_ms}
    for row in connection.execution_options(yield_per=1000).execute(_ALL, bound):
        recorded_at_ms = row.recorded_at_ms
        yield Movement(
            kind=Kind(row.kind),
            reason=row.reason,
            member_id=row.member_id,
            merchant_id=row.merchant_id or owner_id,
            points=row.points,
            group_id=json.loads(row.details).get("redemption_id", row.source_id),
            earned_period=calendar.period_at(recorded_at_ms // 1000) - row.age,
            counted=recorded_at_ms >= from_ms,
        )
