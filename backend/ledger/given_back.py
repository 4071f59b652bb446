"""Giving back what the ledger took and the chain did not.

A signed redemption whose call was parked burned nothing; a return takes what the member has, and
nothing from who came to answer to signatures only before it reached the chain. The journal entry
stays, and another one undoes it, which has no receipt on chain. Whoever calls these functions is
inside the transaction that parks the call, or makes the batch final.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.debt_tables import MemberDebt
from backend.ledger.posting import NewEntry, NewId, post
from backend.ledger.rebase import rebase
from backend.ledger.return_tables import PurchaseReturn
from backend.ledger.tables import Balance, JournalEntry
from backend.ledger.unpaid import cancel_unpaid
from backend.ledger.waiting_calls import Call

_BALANCES, _JOURNAL = table_of(Balance), table_of(JournalEntry)
_RETURNS, _DEBTS = table_of(PurchaseReturn), table_of(MemberDebt)


def give_back(connection: Connection, parked: Call, now_ms: int, new_id: NewId) -> None:
    """Undoes the entry that the parked call carried; its redemption is cancelled, with what it paid
    for. Points come back as old as they were; what expired meanwhile lapses. Locks the program's
    totals."""
    if parked.entry_no is None:
        raise ValueError(f"call {parked.id} carries no entry")
    taken = _entry(connection, parked.program_id, parked.entry_no)
    _undo(connection, taken, Kind.REDEEM_UNDONE, taken.points, now_ms, new_id)
    cancel_unpaid(connection, taken.source_id, now_ms, new_id)
    rebase(connection, taken.program_id, [taken.member_id], now_ms, new_id)


def give_back_short(
    connection: Connection,
    program_id: str,
    entry_no: int,
    points: int,
    now_ms: int,
    new_id: NewId,
) -> None:
    """Undoes so many points of a return, which the chain did not take, unless that was done: a
    batch may become final twice. Of a purchase's return they are forgiven; where the entry made up
    a debt, they are owed again. Locks the program's totals."""
    taken = _entry(connection, program_id, entry_no)
    points -= _undone_points(connection, taken)
    if points <= 0:
        return
    _undo(connection, taken, Kind.RETURN_UNDONE, points, now_ms, new_id)
    connection.execute(
        update(_RETURNS)
        .where(_RETURNS.c.operation_id == taken.operation_id)
        .values(
            points=_RETURNS.c.points - points,
            forgiven_points=_RETURNS.c.forgiven_points + points,
        )
    )
    made_up = select(_DEBTS.c.id).where(
        _DEBTS.c.member_id == taken.member_id, _DEBTS.c.operation_id == taken.operation_id
    )
    if connection.execute(made_up).first() is not None:
        owed = {
            "id": new_id("debt"),
            "program_id": program_id,
            "member_id": taken.member_id,
            "source_id": taken.source_id,
            "points": points,
            "operation_id": None,
            "recorded_at_ms": now_ms,
        }
        connection.execute(insert(_DEBTS), owed)
        connection.execute(
            update(_BALANCES)
            .where(_BALANCES.c.member_id == taken.member_id)
            .values(debt_points=_BALANCES.c.debt_points + points)
        )
    rebase(connection, program_id, [taken.member_id], now_ms, new_id)


def _entry(connection: Connection, program_id: str, entry_no: int) -> Row[Any]:
    return connection.execute(
        select(_JOURNAL).where(_JOURNAL.c.program_id == program_id, _JOURNAL.c.entry_no == entry_no)
    ).one()


def _undone_points(connection: Connection, taken: Row[Any]) -> int:
    rows = connection.execute(
        select(_JOURNAL.c.points, _JOURNAL.c.details).where(
            _JOURNAL.c.program_id == taken.program_id,
            _JOURNAL.c.member_id == taken.member_id,
            _JOURNAL.c.source_id == taken.source_id,
            _JOURNAL.c.kind == int(Kind.RETURN_UNDONE),
        )
    )
    undone = taken.operation_id
    return sum(
        row.points for row in rows if json.loads(row.details)["undone_operation_id"] == undone
    )


def _undo(
    connection: Connection, taken: Row[Any], kind: Kind, points: int, now_ms: int, new_id: NewId
) -> None:
    """Posts `points` of an entry back to its member."""
    undone = NewEntry(
        program_id=taken.program_id,
        operation_id=new_id("op"),
        kind=kind,
        member_id=taken.member_id,
        points=points,
        source_id=taken.source_id,
        details={"undone_operation_id": taken.operation_id},
        recorded_at_ms=now_ms,
    )
    post(connection, undone)
