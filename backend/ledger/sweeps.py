"""How far the chain's sweep of expired points got, and asking for its next slice.

Each slice is a call `expire(members)`. In each period of a program the slices go through the
members once, in order of address, one after the other: the newest call says where to go on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from backend.core.calendar import Calendar
from backend.core.calls import CallKind
from backend.ledger.call_tables import ChainCall
from backend.ledger.calls import call_row, insert_call
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import SettlementTx
from backend.ledger.settlements import TxState
from backend.ledger.tables import JournalEntry, Member, OutboxEntry, Program, ProgramTotals

_CALLS, _TXS, _PROGRAMS = table_of(ChainCall), table_of(SettlementTx), table_of(Program)
_OUTBOX, _JOURNAL, _MEMBERS = table_of(OutboxEntry), table_of(JournalEntry), table_of(Member)
_TOTALS = table_of(ProgramTotals)
_DONE = (str(TxState.INCLUDED), str(TxState.FINAL))


@dataclass(frozen=True, slots=True)
class Sweepable:
    """A program with a contract whose points expire."""

    id: str
    contract_address: str
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class LastSlice:
    """A program's newest slice: the period it was asked in and its last member.

    `on_chain_at` is the block that applied it, None while it is under way. A parked one never
    will be, and nobody is to wait for it.
    """

    period: int
    last_member: str
    on_chain_at: int | None
    parked: bool


def sweepable_programs(connection: Connection) -> list[Sweepable]:
    """Every such program, by id."""
    rows = connection.execute(
        select(
            _PROGRAMS.c.id,
            _PROGRAMS.c.contract_address,
            _PROGRAMS.c.period_months,
            _PROGRAMS.c.validity_periods,
            _PROGRAMS.c.utc_offset_minutes,
        )
        .where(_PROGRAMS.c.period_months > 0, _PROGRAMS.c.contract_address.is_not(None))
        .order_by(_PROGRAMS.c.id)
    )
    return [Sweepable(program, contract, Calendar(*terms)) for program, contract, *terms in rows]


def last_slice(connection: Connection, program_id: str) -> LastSlice | None:
    """None when the program was never swept."""
    row = connection.execute(
        select(
            _CALLS.c.arguments,
            _CALLS.c.parked_reason,
            _TXS.c.state,
            _TXS.c.succeeded,
            _TXS.c.included_block,
        )
        .outerjoin(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
        .where(_CALLS.c.program_id == program_id, _CALLS.c.kind == str(CallKind.EXPIRE))
        .order_by(_CALLS.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    said = json.loads(row.arguments)
    applied = row.state in _DONE and row.succeeded
    return LastSlice(
        period=said["period"],
        last_member=said["members"][-1],
        on_chain_at=row.included_block if applied else None,
        parked=row.parked_reason is not None,
    )


def about_to_be_touched(
    connection: Connection, program_id: str, addresses: Collection[str]
) -> set[str]:
    """Those of `addresses` with an operation that waits for a batch: it sweeps them by the way."""
    rows = connection.execute(
        select(_MEMBERS.c.address)
        .join(_JOURNAL, _JOURNAL.c.member_id == _MEMBERS.c.id)
        .join(
            _OUTBOX,
            (_OUTBOX.c.program_id == _JOURNAL.c.program_id)
            & (_OUTBOX.c.entry_no == _JOURNAL.c.entry_no),
        )
        .where(
            _MEMBERS.c.program_id == program_id,
            _MEMBERS.c.address.in_(sorted(addresses)),
            _OUTBOX.c.batch_id.is_(None),
            _OUTBOX.c.parked_reason.is_(None),
        )
        .distinct()
    )
    return set(rows.scalars())


def ask_for_slice(
    connection: Connection,
    program_id: str,
    period: int,
    members: Sequence[str],
    after: LastSlice | None,
    now_ms: int,
    new_id: Callable[[str], str],
) -> bool:
    """Queues the sweep of `members` (addresses in order), which follows on `after`; False when
    somebody else was first. Locks the program's totals."""
    locked = select(_TOTALS.c.program_id).where(_TOTALS.c.program_id == program_id)
    connection.execute(locked.with_for_update()).one()
    if last_slice(connection, program_id) != after:
        return False
    arguments = {"members": list(members), "period": period}
    row = call_row(new_id("cal"), program_id, CallKind.EXPIRE, arguments, now_ms)
    insert_call(connection, row)
    return True
