"""Posting one entry outside a unit of work: what a settlement transaction changes of itself.

Such an entry has no receipt on chain. Whoever calls this is inside a transaction that holds the
program's totals, or lets this take them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from backend.core.canonical import canonical_json
from backend.core.journal import entry_hash, posting
from backend.core.operations import Kind
from backend.ledger.columns import table_of
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


def locked_totals(connection: Connection, program_id: str) -> dict[str, Any]:
    """The program's totals, held until the transaction ends."""
    of_program = _TOTALS.c.program_id == program_id
    return dict(
        connection.execute(select(_TOTALS).where(of_program).with_for_update()).mappings().one()
    )


def post(connection: Connection, new: NewEntry) -> int:
    """Writes the entry, the program's totals and the member's points; the entry's number."""
    totals = locked_totals(connection, new.program_id)
    moved = posting(new.kind, new.member_id, new.points)
    entry: dict[str, Any] = {
        "program_id": new.program_id,
        "entry_no": totals["entry_count"] + 1,
        "operation_id": new.operation_id,
        "kind": int(new.kind),
        "member_id": new.member_id,
        "debit_account": moved.debit_account,
        "credit_account": moved.credit_account,
        "points": new.points,
        "age": 0,
        "reason": 0,
        "source_id": new.source_id,
        "details": canonical_json(new.details).decode(),
        "commitment": "",
        "recorded_at_ms": new.recorded_at_ms,
    }
    head_hash = entry_hash(totals["head_hash"], entry)
    connection.execute(insert(_JOURNAL), {**entry, "entry_hash": head_hash})
    total, sign = _TOTAL_OF_KIND[new.kind]
    connection.execute(
        update(_TOTALS)
        .where(_TOTALS.c.program_id == new.program_id)
        .values(
            {
                "entry_count": entry["entry_no"],
                "head_hash": head_hash,
                total: totals[total] + sign * new.points,
            }
        )
    )
    taken = new.points if new.kind is Kind.REDEEM else -new.points
    connection.execute(
        update(_BALANCES)
        .where(_BALANCES.c.member_id == new.member_id)
        .values(points=_BALANCES.c.points - taken)
    )
    return int(entry["entry_no"])


def post_lapse(
    connection: Connection, program_id: str, member_id: str, points: int, now_ms: int, new_id: NewId
) -> None:
    """Posts that so many points lapsed, or (negative) that they had not."""
    totals = locked_totals(connection, program_id)
    lapse = lapse_entry(totals, member_id, points, now_ms, new_id)
    connection.execute(insert(_JOURNAL), lapse)
    connection.execute(update(_TOTALS).where(_TOTALS.c.program_id == program_id).values(**totals))
    connection.execute(
        update(_BALANCES)
        .where(_BALANCES.c.member_id == member_id)
        .values(points=_BALANCES.c.points - points)
    )
