"""Operations that a block applied in another period than they were accepted in."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, and_, or_, select

from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.rebase import calendar_of, rebase
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.tables import Balance, JournalEntry, OutboxEntry

_JOURNAL, _OUTBOX = table_of(JournalEntry), table_of(OutboxEntry)
_BATCHES, _TXS = table_of(Batch), table_of(SettlementTx)
_BALANCES, _CALLS = table_of(Balance), table_of(ChainCall)
_BATCHES_OF_SLOT = select(_BATCHES.c.id, _BATCHES.c.program_id)
_MEMBERS_OF_ENTRIES = select(_JOURNAL.c.member_id).join(
    _BALANCES, _BALANCES.c.member_id == _JOURNAL.c.member_id
)
_BY_BATCH = _MEMBERS_OF_ENTRIES.join(
    _OUTBOX,
    and_(_OUTBOX.c.program_id == _JOURNAL.c.program_id, _OUTBOX.c.entry_no == _JOURNAL.c.entry_no),
)
# A redemption that its member signed is in no batch: a call of its own carries it.
_BY_CALL = _MEMBERS_OF_ENTRIES.join(
    _CALLS,
    and_(_CALLS.c.program_id == _JOURNAL.c.program_id, _CALLS.c.entry_no == _JOURNAL.c.entry_no),
)


def rebase_crossed(
    connection: Connection,
    slot_id: str,
    block_at_s: int,
    now_ms: int,
    new_id: Callable[[str], str],
) -> None:
    """Re-derives the lots of members whose operations of this slot crossed a period's end on their
    way to a block of second `block_at_s`, or whose lots were taken into another period before the
    block was seen. To be called after the slot's state was changed."""
    of_slot = _BATCHES_OF_SLOT.where(
        _BATCHES.c.settlement_tx_id == slot_id, _BATCHES.c.voided_at_ms.is_(None)
    )
    carried = [
        (program_id, _BY_BATCH.where(_OUTBOX.c.batch_id == batch_id))
        for batch_id, program_id in connection.execute(of_slot).all()
    ]
    signed = select(_CALLS.c.program_id).where(
        _CALLS.c.settlement_tx_id == slot_id, _CALLS.c.entry_no.is_not(None)
    )
    carried += [
        (program_id, _BY_CALL.where(_CALLS.c.settlement_tx_id == slot_id))
        for program_id in connection.execute(signed.distinct()).scalars().all()
    ]
    for program_id, entries in carried:
        calendar = calendar_of(connection, program_id)
        if not calendar.expires:
            continue
        period = calendar.period_at(block_at_s)
        crossed = entries.where(
            or_(
                _BALANCES.c.period != period,
                _JOURNAL.c.recorded_at_ms < calendar.starts_at(period) * 1000,
                _JOURNAL.c.recorded_at_ms >= calendar.starts_at(period + 1) * 1000,
            )
        )
        members = list(connection.execute(crossed.distinct()).scalars())
        if members:
            rebase(connection, program_id, members, now_ms, new_id)


def included_second(connection: Connection, slot_id: str) -> int | None:
    """When the slot's transaction was included, if it is."""
    found: int | None = connection.execute(
        select(_TXS.c.included_at_s).where(_TXS.c.id == slot_id)
    ).scalar_one()
    return found
