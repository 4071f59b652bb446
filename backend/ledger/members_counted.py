"""Counts of a program's members, and of operations that wait for the chain."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import Connection, func, select

from backend.core.days import span_ms
from backend.core.membership import MembershipState
from backend.ledger.columns import table_of
from backend.ledger.tables import Member, OutboxEntry

_MEMBERS, _OUTBOX = table_of(Member), table_of(OutboxEntry)
_PRESENT: Final = (MembershipState.ACTIVE.value, MembershipState.DEACTIVATED.value)


def members_counted(
    connection: Connection,
    program_id: str,
    zone: str = "",
    first: date | None = None,
    last: date | None = None,
) -> int:
    """Members who are there: neither closed nor merged into another. Those who joined in whole
    days of a zone, where days are given."""
    found = select(func.count()).where(
        _MEMBERS.c.program_id == program_id, _MEMBERS.c.state.in_(_PRESENT)
    )
    if first is not None and last is not None:
        from_ms, to_ms = span_ms(first, last, zone)
        found = found.where(_MEMBERS.c.created_at_ms >= from_ms, _MEMBERS.c.created_at_ms < to_ms)
    return int(connection.execute(found).scalar_one())


def waiting_of(connection: Connection, program_id: str) -> int:
    """How many of a program's operations are in no batch yet."""
    waiting = select(func.count()).where(
        _OUTBOX.c.program_id == program_id,
        _OUTBOX.c.batch_id.is_(None),
        _OUTBOX.c.parked_reason.is_(None),
    )
    return int(connection.execute(waiting).scalar_one())
