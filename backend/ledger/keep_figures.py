"""Carry the kept figures of a program on, a bounded part at a time.

What is added is read and added up beside the writers; only the sums are written, in a short
transaction that first moves the mark: of two that add the same, one finds it moved and gives up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.core.figures import Figures, cohort_changes
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.figure_tables import CohortCell, DailyFigures, FigureMark, MemberDay
from backend.ledger.figures import (
    COLUMNS,
    Mark,
    as_of_one_moment,
    figures_between,
    kept_days_of,
    kept_until,
)
from backend.ledger.tables import Program, ProgramTotals

PART: Final = 2_000
"""Entries, and purchases and returns, that are added in one go."""
_MARKS, _DAYS, _CELLS = table_of(FigureMark), table_of(DailyFigures), table_of(CohortCell)
_MEMBER_DAYS, _PROGRAMS, _TOTALS = table_of(MemberDay), table_of(Program), table_of(ProgramTotals)
Row = dict[str, Any]
_BEHIND = (
    select(_PROGRAMS.c.id, _PROGRAMS.c.timezone, _TOTALS.c.entry_count, _TOTALS.c.activity_count)
    .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
    .outerjoin(_MARKS, _MARKS.c.program_id == _PROGRAMS.c.id)
    .where(
        _MARKS.c.program_id.is_(None)
        | (_MARKS.c.entry_no < _TOTALS.c.entry_count)
        | (_MARKS.c.activity_no < _TOTALS.c.activity_count)
    )
)


def keep_figures(engine: Engine) -> int:
    """Adds a part to every program whose figures are behind; how many there were."""
    with engine.connect() as connection:
        behind = connection.execute(_BEHIND).all()
    for program_id, zone, entry_count, activity_count in behind:
        _carry_on(engine, program_id, zone, Mark(entry_count, activity_count))
    return len(behind)


def _carry_on(engine: Engine, program_id: str, zone: str, happened: Mark) -> None:
    with engine.connect() as connection:
        as_of_one_moment(connection)
        kept = kept_until(connection, program_id)
        after = kept or Mark()
        until = Mark(
            min(after.entry_no + PART, happened.entry_no),
            min(after.activity_no + PART, happened.activity_no),
        )
        found = figures_between(connection, program_id, zone, after, until)
        before = kept_days_of(connection, found.bought)
    with writing(engine) as connection:
        if _moved_mark(connection, program_id, kept, until):
            _write(connection, program_id, found, cohort_changes(before, found.bought))


def _moved_mark(connection: Connection, program_id: str, kept: Mark | None, until: Mark) -> bool:
    """Whether the figures still stood where they were read."""
    row = {"entry_no": until.entry_no, "activity_no": until.activity_no}
    if kept is None:
        fresh = _or_else(connection, _MARKS).values(program_id=program_id, **row)
        made = fresh.on_conflict_do_nothing().returning(_MARKS.c.program_id)
        return connection.execute(made).first() is not None
    stood = (
        (_MARKS.c.program_id == program_id)
        & (_MARKS.c.entry_no == kept.entry_no)
        & (_MARKS.c.activity_no == kept.activity_no)
    )
    return connection.execute(update(_MARKS).where(stood).values(**row)).rowcount == 1


def _write(
    connection: Connection,
    program_id: str,
    found: Figures,
    changes: Mapping[tuple[int, int], int],
) -> None:
    of = {"program_id": program_id}
    days = [
        {**of, "day": day, **dict(zip(COLUMNS, astuple(sums), strict=True))}
        for day, sums in sorted(found.days.items())
    ]
    _add(connection, _DAYS, days, COLUMNS)
    cells = [
        {**of, "cohort_month": cohort, "month": month, "members": members}
        for (cohort, month), members in sorted(changes.items())
    ]
    _add(connection, _CELLS, cells, ("members",))
    bought = [
        {**of, "day": day, "member_id": member_id}
        for member_id, on in sorted(found.bought.items())
        for day in sorted(on)
    ]
    if bought:
        connection.execute(_or_else(connection, _MEMBER_DAYS).on_conflict_do_nothing(), bought)


def _add(connection: Connection, table: Table, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Adds to the rows that are there, inserts those that are not."""
    if not rows:
        return
    statement = _or_else(connection, table)
    sums = {name: table.c[name] + statement.excluded[name] for name in columns}
    keys = list(table.primary_key.columns)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=sums), rows)


def _or_else(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what to do about a row that is there."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
