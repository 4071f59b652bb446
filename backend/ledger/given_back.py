"""Giving back what a signed redemption took, when its call was parked: it burned nothing.

The redemption is then cancelled. Its journal entry stays, and another one undoes it; neither has a
receipt on chain. Whoever calls it is inside the transaction that parks the call.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, insert, select, update

from backend.core.canonical import canonical_json
from backend.core.journal import entry_hash, posting
from backend.core.lifecycle import RedemptionState
from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.rebase import rebase
from backend.ledger.tables import Balance, JournalEntry, ProgramTotals, Redemption
from backend.ledger.waiting_calls import Call

_BALANCES, _TOTALS = table_of(Balance), table_of(ProgramTotals)
_JOURNAL, _REDEMPTIONS = table_of(JournalEntry), table_of(Redemption)


def give_back(
    connection: Connection, parked: Call, now_ms: int, new_id: Callable[[str], str]
) -> None:
    """Undoes the entry that the parked call carried. Points come back as old as they were; what
    expired meanwhile lapses. Locks the program's totals."""
    of_program = _TOTALS.c.program_id == parked.program_id
    totals = dict(
        connection.execute(select(_TOTALS).where(of_program).with_for_update()).mappings().one()
    )
    taken = connection.execute(
        select(_JOURNAL).where(
            _JOURNAL.c.program_id == parked.program_id, _JOURNAL.c.entry_no == parked.entry_no
        )
    ).one()
    moved = posting(Kind.REDEEM_UNDONE, taken.member_id, taken.points)
    entry: dict[str, object] = {
        "program_id": taken.program_id,
        "entry_no": totals["entry_count"] + 1,
        "operation_id": new_id("op"),
        "kind": int(Kind.REDEEM_UNDONE),
        "member_id": taken.member_id,
        "debit_account": moved.debit_account,
        "credit_account": moved.credit_account,
        "points": taken.points,
        "age": 0,
        "reason": 0,
        "source_id": taken.source_id,
        "details": canonical_json({"undone_operation_id": taken.operation_id}).decode(),
        "commitment": "",
        "recorded_at_ms": now_ms,
    }
    head_hash = entry_hash(totals["head_hash"], entry)
    connection.execute(insert(_JOURNAL), {**entry, "entry_hash": head_hash})
    connection.execute(
        update(_TOTALS)
        .where(of_program)
        .values(
            entry_count=entry["entry_no"],
            head_hash=head_hash,
            redeemed_points=totals["redeemed_points"] - taken.points,
        )
    )
    connection.execute(
        update(_BALANCES)
        .where(_BALANCES.c.member_id == taken.member_id)
        .values(points=_BALANCES.c.points + taken.points)
    )
    connection.execute(
        update(_REDEMPTIONS)
        .where(_REDEMPTIONS.c.id == taken.source_id)
        .values(state=RedemptionState.CANCELLED.value, closed_at_ms=now_ms)
    )
    rebase(connection, taken.program_id, [taken.member_id], now_ms, new_id)
