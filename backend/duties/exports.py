"""Makes the exports that were asked for, and removes files that have been kept long enough.

An export is read in one view of the database and written beside its final name, so that there is
a whole file or none. A worker that dies lets its export go after a minute; whoever takes it begins
anew, with the same bounds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row

from backend.core.exports import PERSONAL, FileFormat, Subject, Value, columns_of
from backend.duties.export_files import open_file
from backend.ledger import export_rows, exports
from backend.ledger.engine import writing
from backend.ledger.exports import ExportRecord
from backend.ledger.figures import as_of_one_moment
from backend.ledger.members import members_by_id
from backend.ledger.vault import Vault
from backend.services.read_balance import as_of, expiring_lots

log = logging.getLogger(__name__)
Line = tuple[Value, ...]
LEASE_MS: Final = 60_000
DAY_MS: Final = 86_400_000


@dataclass(slots=True)
class ExportDuty:
    """`kept_days` is how long files stay."""

    ledger: Engine
    vault: Vault
    downloads: Path
    now_ms: Callable[[], int]
    kept_days: int = 7
    name: str = "exports"

    def step(self) -> int:
        removed = self._remove_old()
        now_ms = self.now_ms()
        with writing(self.ledger) as connection:
            export = exports.take_export(connection, now_ms, now_ms + LEASE_MS)
        if export is None:
            return removed
        try:
            self._make(export)
        except Exception:
            self._set(export.id, state="failed", done_at_ms=self.now_ms())
            (self.downloads / f"{export.id}.part").unlink(missing_ok=True)
            log.exception("an export failed")
        return removed + 1

    def _make(self, export: ExportRecord) -> None:
        self.downloads.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.downloads / f"{export.id}.part"
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        columns = columns_of(export.of, personal=export.personal)
        done = 0
        with self.ledger.connect() as connection:
            as_of_one_moment(connection)
            self._set(export.id, rows_total=_total(connection, export))
            with open_file(FileFormat(export.format), part, columns) as file:
                for lines, counted in self._pages(connection, export):
                    file.write(lines)
                    done += counted
                    lease_ms = self.now_ms() + LEASE_MS
                    self._set(export.id, rows_done=done, lease_until_ms=lease_ms)
        size_bytes = part.stat().st_size
        part.replace(self.downloads / export.file_name)
        self._set(export.id, state="ready", done_at_ms=self.now_ms(), size_bytes=size_bytes)

    def _pages(
        self, connection: Connection, export: ExportRecord
    ) -> Iterator[tuple[Sequence[Line], int]]:
        """Lines, and how much of the total they are."""
        program_id = export.program_id
        if export.of is Subject.MEMBERS:
            for rows in export_rows.members(connection, program_id):
                yield [self._member(row, personal=export.personal) for row in rows], len(rows)
        elif export.of is Subject.BALANCES:
            for rows in export_rows.members(connection, program_id):
                member_ids = [row[0] for row in rows]
                yield self._balances(connection, export.merchant_id, member_ids), len(rows)
        else:
            pages = {
                Subject.OPERATIONS: lambda: export_rows.operations(
                    connection, program_id, export.entry_no
                ),
                Subject.PURCHASES: lambda: export_rows.purchases(
                    connection, program_id, export.activity_no
                ),
                Subject.REDEMPTIONS: lambda: export_rows.redemptions(
                    connection, program_id, export.asked_at_ms
                ),
            }
            for lines in pages[export.of]():
                yield lines, len(lines)

    def _member(self, row: Row[Any], *, personal: bool) -> Line:
        line = tuple(row[:6])
        if not personal:
            return line
        identity: dict[str, Any] = {}
        if row.wrapped_key and row.sealed_identity:
            identity = self.vault.open(row.id, row.wrapped_key, row.sealed_identity)
        return (*line, *(_first(identity.get(name)) for name in PERSONAL))

    def _balances(
        self, connection: Connection, merchant_id: str, member_ids: Sequence[str]
    ) -> list[Line]:
        now_ms = self.now_ms()
        lines: list[Line] = []
        for record in members_by_id(connection, merchant_id, member_ids, now_ms):
            current = as_of(connection, record, now_ms)
            free = current.free
            balance = (
                record.id,
                now_ms,
                free.balance,
                current.held_points,
                record.pending_points,
                record.debt_points,
            )
            lots = expiring_lots(record.calendar, free)
            lines += [(*balance, lot.points, lot.last_day) for lot in lots] or [
                (*balance, None, None)
            ]
        return lines

    def _remove_old(self) -> int:
        with self.ledger.connect() as connection:
            before_ms = self.now_ms() - self.kept_days * DAY_MS
            old = exports.exports_ready_before(connection, before_ms)
        for export in old:
            (self.downloads / export.file_name).unlink(missing_ok=True)
            self._set(export.id, state="old")
        return len(old)

    def _set(self, export_id: str, **columns: Any) -> None:
        with writing(self.ledger, patient=True) as connection:
            exports.set_export(connection, export_id, **columns)


def _total(connection: Connection, export: ExportRecord) -> int:
    if export.of is Subject.OPERATIONS:
        return export.entry_no
    if export.of is Subject.PURCHASES:
        return export.activity_no
    redeemed = export.of is Subject.REDEMPTIONS
    return export_rows.count_of(connection, export.program_id, redeemed=redeemed)


def _first(values: Any) -> str | None:
    """What the vault has of one kind: a text, or the newest of several."""
    if isinstance(values, list):
        return str(values[0]) if values else None
    return None if values is None else str(values)
