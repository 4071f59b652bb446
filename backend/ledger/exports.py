"""Reads of exports that were asked for, and the steps that whoever makes them notes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from backend.core.exports import FileFormat, Subject
from backend.ledger.columns import table_of
from backend.ledger.export_tables import Export
from backend.ledger.people_tables import StaffUser

_EXPORTS, _USERS = table_of(Export), table_of(StaffUser)
LISTED = 20


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """An export as stored."""

    id: str
    program_id: str
    merchant_id: str
    asked_by: str
    asked_at_ms: int
    subject: str
    format: str
    personal: bool
    state: str
    entry_no: int
    activity_no: int
    rows_total: int
    rows_done: int
    done_at_ms: int | None
    size_bytes: int | None

    @property
    def of(self) -> Subject:
        return Subject(self.subject)

    @property
    def file_name(self) -> str:
        """Below the folder of downloads."""
        return f"{self.id}.{FileFormat(self.format).value}"

    @property
    def under_way(self) -> bool:
        return self.state in {"asked", "making"}

    @property
    def done_percent(self) -> int:
        return min(100, 100 * self.rows_done // self.rows_total) if self.rows_total else 0


_SELECT = select(*(_EXPORTS.c[each.name] for each in fields(ExportRecord)))


def exports_of(connection: Connection, program_id: str) -> list[ExportRecord]:
    """A program's newest exports."""
    mine = _SELECT.where(_EXPORTS.c.program_id == program_id)
    newest = mine.order_by(_EXPORTS.c.id.desc()).limit(LISTED)
    return [ExportRecord(**row._mapping) for row in connection.execute(newest)]


def export_of(connection: Connection, program_id: str, export_id: str) -> ExportRecord | None:
    mine = _SELECT.where(_EXPORTS.c.program_id == program_id, _EXPORTS.c.id == export_id)
    row = connection.execute(mine).first()
    return ExportRecord(**row._mapping) if row else None


def take_export(connection: Connection, now_ms: int, until_ms: int) -> ExportRecord | None:
    """The next export to make, taken until a moment; one that its maker let go is anew."""
    free = or_(
        _EXPORTS.c.state == "asked",
        and_(_EXPORTS.c.state == "making", _EXPORTS.c.lease_until_ms <= now_ms),
    )
    found = connection.execute(_SELECT.where(free).order_by(_EXPORTS.c.id).limit(1)).first()
    if found is None:
        return None
    record = ExportRecord(**found._mapping)
    taken = (
        update(_EXPORTS)
        .where(_EXPORTS.c.id == record.id, free)
        .values(state="making", lease_until_ms=until_ms, rows_done=0)
    )
    return record if connection.execute(taken).rowcount == 1 else None


def set_export(connection: Connection, export_id: str, **columns: Any) -> None:
    connection.execute(update(_EXPORTS).where(_EXPORTS.c.id == export_id).values(**columns))


def exports_ready_before(connection: Connection, moment_ms: int) -> list[ExportRecord]:
    """Those whose files have been kept since before a moment."""
    old = _SELECT.where(_EXPORTS.c.state == "ready", _EXPORTS.c.done_at_ms < moment_ms)
    return [ExportRecord(**row._mapping) for row in connection.execute(old)]
