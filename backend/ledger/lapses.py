"""Reads of what has expired and is not written down yet."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from backend.core.calendar import Calendar
from backend.core.expiry import BUCKETS
from backend.core.lifecycle import RedemptionState
from backend.ledger.columns import table_of
from backend.ledger.load_statements import LOTS
from backend.ledger.tables import Balance, Program, Redemption

_BALANCES, _PROGRAMS, _REDEMPTIONS = table_of(Balance), table_of(Program), table_of(Redemption)


def expiring_programs(connection: Connection) -> list[tuple[str, Calendar]]:
    """Every program whose points expire, by id."""
    rows = connection.execute(
        select(
            _PROGRAMS.c.id,
            _PROGRAMS.c.period_months,
            _PROGRAMS.c.validity_periods,
            _PROGRAMS.c.utc_offset_minutes,
        )
        .where(_PROGRAMS.c.period_months > 0)
        .order_by(_PROGRAMS.c.id)
    )
    return [(program_id, Calendar(*terms)) for program_id, *terms in rows]


def members_with_lapsed(
    connection: Connection, program_id: str, calendar: Calendar, now_ms: int, limit: int
) -> list[str]:
    """Up to `limit` members with points that have expired as of now, or with a hold that ran out
    and had kept such points."""
    period = calendar.period_at(now_ms // 1000)
    lapsed = (
        select(_BALANCES.c.member_id)
        .where(_BALANCES.c.program_id == program_id, _lapsed(calendar, period))
        .limit(limit)
    )
    found = list(connection.execute(lapsed).scalars())
    run_out = (
        select(_REDEMPTIONS.c.member_id)
        .where(
            _REDEMPTIONS.c.program_id == program_id,
            _REDEMPTIONS.c.state == RedemptionState.HELD.value,
            _REDEMPTIONS.c.expires_at_ms <= now_ms,
            _REDEMPTIONS.c.lapsed_points > 0,
        )
        .limit(limit)
    )
    return found or sorted(set(connection.execute(run_out).scalars()))


def members_expiring(
    connection: Connection,
    program_id: str,
    calendar: Calendar,
    until_ms: int,
    limit: int,
    after_id: str,
) -> list[str]:
    """Up to `limit` members, by id, with points that will have expired at `until_ms` if they are
    not spent; those that have expired already among them."""
    period = calendar.period_at(until_ms // 1000)
    statement = (
        select(_BALANCES.c.member_id)
        .where(
            _BALANCES.c.program_id == program_id,
            _BALANCES.c.member_id > after_id,
            _lapsed(calendar, period),
        )
        .order_by(_BALANCES.c.member_id)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def _lapsed(calendar: Calendar, period: int) -> ColumnElement[bool]:
    """Whether ageing a row to `period` takes points away."""
    ways: list[ColumnElement[bool]] = []
    for gone_by in range(1, BUCKETS + 1):
        oldest = [LOTS[age] for age in range(BUCKETS) if age + gone_by > calendar.validity_periods]
        full = or_(*(lot > 0 for lot in oldest))
        if gone_by == BUCKETS:
            ways.append(and_(_BALANCES.c.period <= period - gone_by, full))
        elif oldest:
            ways.append(and_(_BALANCES.c.period == period - gone_by, full))
    return or_(*ways)
