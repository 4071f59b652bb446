"""Reads of who has something due: pending points of a date, birthdays, anniversaries, absences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, func, literal, or_, select

from backend.core.membership import MembershipState
from backend.ledger.columns import table_of
from backend.ledger.earning_state import WAITING
from backend.ledger.rule_tables import MemberBirthday, MemberEvent, PendingPoints
from backend.ledger.tables import Member, Program, ProgramTotals, Purchase

_PENDING, _BIRTHDAYS = table_of(PendingPoints), table_of(MemberBirthday)
_MEMBERS, _PURCHASES = table_of(Member), table_of(Purchase)
_EVENTS = table_of(MemberEvent)
_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)

Span = tuple[int, int]
"""UTC milliseconds: the first, and the first that is not part of it."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A program with published rules."""

    id: str
    timezone: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class DuePoints:
    """Pending points whose day has come."""

    id: str
    member_id: str


def due_points(connection: Connection, now_ms: int, limit: int) -> dict[str, list[DuePoints]]:
    """The pending points that are due, by program, those first that waited longest."""
    due: dict[str, list[DuePoints]] = {}
    rows = connection.execute(
        select(_PENDING.c.id, _PENDING.c.program_id, _PENDING.c.member_id)
        .where(_PENDING.c.state == WAITING, _PENDING.c.release_at_ms <= now_ms)
        .order_by(_PENDING.c.release_at_ms, _PENDING.c.id)
        .limit(limit)
    )
    for row in rows:
        due.setdefault(row.program_id, []).append(DuePoints(row.id, row.member_id))
    return due


def ruled_programs(connection: Connection) -> list[Ruled]:
    """Every program with published rules, by id."""
    rows = connection.execute(
        select(_PROGRAMS.c.id, _PROGRAMS.c.timezone, _PROGRAMS.c.created_at_ms)
        .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
        .where(_TOTALS.c.rules_version.is_not(None))
        .order_by(_PROGRAMS.c.id)
    )
    return [Ruled(*row) for row in rows]


def born_on(connection: Connection, program_id: str, digests: Collection[str]) -> list[str]:
    """The members whose day of the year has one of these digests."""
    found = select(_BIRTHDAYS.c.member_id).where(
        _BIRTHDAYS.c.program_id == program_id, _BIRTHDAYS.c.digest.in_(sorted(digests))
    )
    return sorted(connection.execute(found).scalars())


def enrolled_in(connection: Connection, program_id: str, spans: Sequence[Span]) -> list[str]:
    """The members who enrolled in one of the spans."""
    enrolled = _MEMBERS.c.created_at_ms
    found = select(_MEMBERS.c.id).where(
        _MEMBERS.c.program_id == program_id,
        or_(*(and_(enrolled >= a, enrolled < b) for a, b in spans)),
    )
    return sorted(connection.execute(found).scalars())


def without_event(connection: Connection, program_id: str, key_before_member: str) -> list[str]:
    """The active members who have no event yet whose key is this text and their id."""
    given = exists().where(
        _EVENTS.c.program_id == program_id,
        _EVENTS.c.event_key == literal(key_before_member) + _MEMBERS.c.id,
    )
    found = select(_MEMBERS.c.id).where(
        _MEMBERS.c.program_id == program_id,
        _MEMBERS.c.state == MembershipState.ACTIVE.value,
        ~given,
    )
    return sorted(connection.execute(found).scalars())


def last_bought_in(connection: Connection, program_id: str, span: Span) -> list[str]:
    """The members whose last purchase was in the span."""
    last_ms = func.max(_PURCHASES.c.occurred_at_ms)
    found = (
        select(_PURCHASES.c.member_id)
        .where(_PURCHASES.c.program_id == program_id)
        .group_by(_PURCHASES.c.member_id)
        .having(and_(last_ms >= span[0], last_ms < span[1]))
    )
    return sorted(connection.execute(found).scalars())
