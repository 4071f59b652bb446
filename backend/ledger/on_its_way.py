"""The joins from a journal entry to how far the chain has come with it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func

from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.tables import JournalEntry, OutboxEntry

_JOURNAL, _OUTBOX, _CALLS = table_of(JournalEntry), table_of(OutboxEntry), table_of(ChainCall)
_BATCHES, _TXS = table_of(Batch), table_of(SettlementTx)


def on_its_way(entries: Select[Any]) -> Select[Any]:
    """Journal entries with their outbox row, batch or call, and transaction, where they have one.

    A redemption that its member signed is in no batch: a call of its own carries it.
    """
    return (
        entries.outerjoin(
            _OUTBOX,
            and_(
                _OUTBOX.c.program_id == _JOURNAL.c.program_id,
                _OUTBOX.c.entry_no == _JOURNAL.c.entry_no,
            ),
        )
        .outerjoin(_BATCHES, _BATCHES.c.id == _OUTBOX.c.batch_id)
        .outerjoin(
            _CALLS,
            and_(
                _CALLS.c.program_id == _JOURNAL.c.program_id,
                _CALLS.c.entry_no == _JOURNAL.c.entry_no,
            ),
        )
        .outerjoin(
            _TXS,
            _TXS.c.id == func.coalesce(_BATCHES.c.settlement_tx_id, _CALLS.c.settlement_tx_id),
        )
    )
