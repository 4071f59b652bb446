"""Reads of figures: what is kept, and what came since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, func, select

from backend.core.figures import Day, Figures
from backend.core.operations import Kind
from backend.ledger.bulk import wanted, wanted_keys
from backend.ledger.columns import table_of
from backend.ledger.figure_tables import CohortCell, DailyFigures, FigureMark, MemberDay
from backend.ledger.return_tables import PurchaseReturn
from backend.ledger.tables import JournalEntry, ProgramTotals, Purchase

_MARKS, _DAYS, _CELLS = table_of(FigureMark), table_of(DailyFigures), table_of(CohortCell)
_MEMBER_DAYS, _TOTALS = table_of(MemberDay), table_of(ProgramTotals)
_PURCHASES, _RETURNS, _JOURNAL = (
    table_of(Purchase),
    table_of(PurchaseReturn),
    table_of(JournalEntry),
)
COLUMNS = tuple(each.name for each in fields(Day))


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to which entry of the journal, and which purchase or return."""

    entry_no: int = 0
    activity_no: int = 0


def as_of_one_moment(connection: Connection) -> None:
    """Has every later read of the connection see the same moment; call it first."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ")


def kept_until(connection: Connection, program_id: str) -> Mark | None:
    """How far the kept figures go; None where none were ever kept."""
    columns = select(_MARKS.c.entry_no, _MARKS.c.activity_no)
    row = connection.execute(columns.where(_MARKS.c.program_id == program_id)).first()
    return Mark(*row) if row else None


def happened_until(connection: Connection, program_id: str) -> Mark:
    """How far the program has come."""
    columns = select(_TOTALS.c.entry_count, _TOTALS.c.activity_count)
    return Mark(*connection.execute(columns.where(_TOTALS.c.program_id == program_id)).one())


def figures_between(
    connection: Connection, program_id: str, zone: str, after: Mark, until: Mark
) -> Figures:
    """What the entries, purchases and returns after one mark up to another add up to."""
    found, place = Figures(), ZoneInfo(zone)

    def day(at_ms: int) -> int:
        return datetime.fromtimestamp(at_ms // 1000, place).toordinal()

    bound = {"program": program_id, "after": after.activity_no, "until": until.activity_no}
    for member_id, at_ms, amount_minor in connection.execute(_BOUGHT, bound):
        found.purchase(member_id, day(at_ms), amount_minor)
    for at_ms, value_minor in connection.execute(_REFUNDED, bound):
        found.refund(day(at_ms), value_minor)
    bound |= {"after": after.entry_no, "until": until.entry_no}
    for at_ms, kind, reason, points in connection.execute(_MOVED, bound):
        found.entry(day(at_ms), Kind(kind), reason, points)
    return found


def _numbered(table: Table, column: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(
        table.c.program_id == bindparam("program"),
        column > bindparam("after"),
        column <= bindparam("until"),
    )


_BOUGHT = select(
    _PURCHASES.c.member_id, _PURCHASES.c.occurred_at_ms, _PURCHASES.c.amount_minor
).where(_numbered(_PURCHASES, _PURCHASES.c.activity_no))
_REFUNDED = select(_RETURNS.c.occurred_at_ms, _RETURNS.c.value_minor).where(
    _numbered(_RETURNS, _RETURNS.c.activity_no)
)
# Points of a purchase count on the day it was made, also where the till sent it days later.
_MOVED = (
    select(
        func.coalesce(_PURCHASES.c.occurred_at_ms, _JOURNAL.c.recorded_at_ms),
        _JOURNAL.c.kind,
        _JOURNAL.c.reason,
        _JOURNAL.c.points,
    )
    .outerjoin(
        _PURCHASES,
        and_(
            _PURCHASES.c.id == _JOURNAL.c.source_id,
            _JOURNAL.c.kind.in_([int(Kind.ACCRUE), int(Kind.BONUS)]),
        ),
    )
    .where(_numbered(_JOURNAL, _JOURNAL.c.entry_no))
)


def kept_days(connection: Connection, program_id: str, first: int, last: int) -> dict[int, Day]:
    """The kept figures of each day that has some."""
    columns = [_DAYS.c.day, *(_DAYS.c[name] for name in COLUMNS)]
    found = select(*columns).where(
        _DAYS.c.program_id == program_id, _DAYS.c.day >= first, _DAYS.c.day <= last
    )
    return {row[0]: Day(*row[1:]) for row in connection.execute(found)}


def kept_span(connection: Connection, program_id: str) -> tuple[int, int] | None:
    """The first and the last day that have figures."""
    found = select(func.min(_DAYS.c.day), func.max(_DAYS.c.day))
    first, last = connection.execute(found.where(_DAYS.c.program_id == program_id)).one()
    return None if first is None else (first, last)


def kept_active(connection: Connection, program_id: str, first: int, last: int) -> int:
    """How many members bought between two days, both included."""
    span = kept_span(connection, program_id)
    if span is not None and first <= span[0] and span[1] <= last:
        return _kept_buyers(connection, program_id)
    found = select(func.count(_MEMBER_DAYS.c.member_id.distinct())).where(
        _MEMBER_DAYS.c.program_id == program_id,
        _MEMBER_DAYS.c.day >= first,
        _MEMBER_DAYS.c.day <= last,
    )
    return int(connection.execute(found).scalar_one())


def _kept_buyers(connection: Connection, program_id: str) -> int:
    """How many members ever bought: each is once in the first month of a cohort."""
    found = select(func.coalesce(func.sum(_CELLS.c.members), 0)).where(
        _CELLS.c.program_id == program_id, _CELLS.c.cohort_month == _CELLS.c.month
    )
    return int(connection.execute(found).scalar_one())


def kept_cells(connection: Connection, program_id: str) -> dict[tuple[int, int], int]:
    """Members by (cohort month, month)."""
    columns = select(_CELLS.c.cohort_month, _CELLS.c.month, _CELLS.c.members)
    rows = connection.execute(columns.where(_CELLS.c.program_id == program_id))
    return {(cohort, month): members for cohort, month, members in rows}


def kept_days_of(connection: Connection, member_ids: Iterable[str]) -> dict[str, set[int]]:
    """The kept days on which these members bought."""
    dialect = connection.dialect.name
    keys = wanted(dialect, _MEMBER_DAYS, "member_id")
    found = select(_MEMBER_DAYS.c.member_id, _MEMBER_DAYS.c.day).join(
        keys, keys.c.member_id == _MEMBER_DAYS.c.member_id
    )
    document = wanted_keys(dialect, ("member_id",), ((one,) for one in member_ids))
    days: dict[str, set[int]] = {}
    for member_id, day in connection.execute(found, {"wanted": document}):
        days.setdefault(member_id, set()).add(day)
    return days
