"""Journal rows made outside a unit of work, one after the other on a program's totals.

Such an entry has no receipt of ours: no commitment stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from backend.core.canonical import canonical_json
from backend.core.journal import entry_hash, posting
from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.tables import ProgramTotals

Row = dict[str, Any]

_TOTALS = table_of(ProgramTotals)


def locked_totals(connection: Connection, program_id: str) -> Row:
    """The program's totals, held until the transaction ends."""
    of_program = _TOTALS.c.program_id == program_id
    return dict(
        connection.execute(select(_TOTALS).where(of_program).with_for_update()).mappings().one()
    )


def next_row(
    totals: Row,
    kind: Kind,
    member_id: str,
    points: int,
    *,
    operation_id: str,
    source_id: str,
    details: Mapping[str, object],
    recorded_at_ms: int,
    age: int = 0,
    reason: int = 0,
) -> Row:
    """The next journal row of `totals`, whose count and hash it moves on; the caller moves the sums
    of points, and writes both."""
    moved = posting(kind, member_id, points, reason)
    entry: Row = {
        "program_id": totals["program_id"],
        "entry_no": totals["entry_count"] + 1,
        "operation_id": operation_id,
        "kind": int(kind),
        "member_id": member_id,
        "debit_account": moved.debit_account,
        "credit_account": moved.credit_account,
        "points": points,
        "age": age,
        "reason": reason,
        "source_id": source_id,
        "details": canonical_json(details).decode(),
        "commitment": "",
        "recorded_at_ms": recorded_at_ms,
    }
    totals["entry_count"] += 1
    totals["head_hash"] = entry_hash(totals["head_hash"], entry)
    return {**entry, "entry_hash": totals["head_hash"]}
