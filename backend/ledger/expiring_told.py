"""How far merchants were told who loses points at the end of a period."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from backend.core.calendar import Calendar
from backend.ledger.columns import table_of
from backend.ledger.tables import Program, ProgramTotals
from backend.ledger.webhook_tables import ExpiringTold

_PROGRAMS, _TOTALS, _TOLD = table_of(Program), table_of(ProgramTotals), table_of(ExpiringTold)


@dataclass(frozen=True, slots=True)
class TellingProgram:
    """A program whose points expire and whose merchant has a webhook."""

    id: str
    merchant_id: str
    calendar: Calendar


def telling_programs(connection: Connection) -> list[TellingProgram]:
    rows = connection.execute(
        select(
            _PROGRAMS.c.id,
            _PROGRAMS.c.merchant_id,
            _PROGRAMS.c.period_months,
            _PROGRAMS.c.validity_periods,
            _PROGRAMS.c.utc_offset_minutes,
        )
        .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
        .where(_TOTALS.c.tells)
        .order_by(_PROGRAMS.c.id)
    )
    found = [TellingProgram(row[0], row[1], Calendar(*row[2:])) for row in rows]
    return [one for one in found if one.calendar.expires]


def told_after(connection: Connection, program_id: str, period: int) -> str | None:
    """The last member, by id, whose loss at the end of the period was told; "" before the first,
    None when all were. Nobody else tells until the transaction ends."""
    row = connection.execute(
        select(_TOLD.c.last_member, _TOLD.c.done)
        .where(_TOLD.c.program_id == program_id, _TOLD.c.period == period)
        .with_for_update()
    ).first()
    if row is None:
        connection.execute(
            insert(_TOLD),
            {"program_id": program_id, "period": period, "last_member": "", "done": False},
        )
        return ""
    return None if row.done else str(row.last_member)


def note_told(
    connection: Connection, program_id: str, period: int, last_member: str | None
) -> None:
    """Told up to this member; None when that was the last one."""
    done = {"done": True} if last_member is None else {"last_member": last_member}
    connection.execute(
        update(_TOLD)
        .where(_TOLD.c.program_id == program_id, _TOLD.c.period == period)
        .values(**done)
    )
