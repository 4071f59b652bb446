"""Posting one entry outside a unit of work: what a settlement transaction changes of itself.

Such an entry has no receipt on chain. Whoever calls this is inside a transaction that holds the
program's totals, or lets this take them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, update

from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.journal_rows import locked_totals, next_row
from backend.ledger.rebase import lapse_entry
from backend.ledger.tables import Balance, JournalEntry, ProgramTotals

NewId = Callable[[str], str]

_BALANCES, _TOTALS, _JOURNAL = table_of(Balance), table_of(ProgramTotals), table_of(JournalEntry)
_TOTAL_OF_KIND = {
    Kind.REDEEM: ("redeemed_points", 1),
    Kind.REDEEM_UNDONE: ("redeemed_points", -1),
    Kind.RETURN_UNDONE: ("returned_points", -1),
}


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be posted; `details` is what a receipt would say."""

    program_id: str
    operation_id: str
    kind: Kind
    member_id: str
    points: int
    source_id: str
    details: Mapping[str, object]
    recorded_at_ms: int


def post(connection: Connection, new: NewEntry) -> int:
    """Writes the entry, the program's totals and the member's points; the entry's number."""
    totals = locked_totals(connection, new.program_id)
    row = next_row(
        totals, new.kind, new.member_id, new.points,
        operation_id=new.operation_id, source_id=new.source_id, details=new.details,
        recorded_at_ms=new.recorded_at_ms,
    )  # fmt: skip
    total, sign = _TOTAL_OF_KIND[new.kind]
    totals[total] += sign * new.points
    taken = new.points if new.kind is Kind.REDEEM else -new.points
    _write(connection, totals, row, new.member_id, taken)
    return int(row["entry_no"])


def post_lapse(
    connection: Connection, program_id: str, member_id: str, points: int, now_ms: int, new_id: NewId
) -> None:
    """Posts that so many points lapsed, or (negative) that they had not."""
    totals = locked_totals(connection, program_id)
    row = lapse_entry(totals, member_id, points, now_ms, new_id)
    _write(connection, totals, row, member_id, points)


def _write(
    connection: Connection, totals: dict[str, Any], row: dict[str, Any], member_id: str, taken: int
) -> None:
    connection.execute(insert(_JOURNAL), row)
    of_program = _TOTALS.c.program_id == totals["program_id"]
    connection.execute(update(_TOTALS).where(of_program).values(**totals))
    connection.execute(
        update(_BALANCES)
        .where(_BALANCES.c.member_id == member_id)
        .values(points=_BALANCES.c.points - taken)
    )
