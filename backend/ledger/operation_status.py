"""Where an operation stands on its way to the chain, and the proof that it got there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from backend.core import receipts
from backend.core.lifecycle import SettlementState
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.on_its_way import on_its_way
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.settlements import TxState
from backend.ledger.tables import JournalEntry, OutboxEntry, Program

_OUTBOX, _JOURNAL = table_of(OutboxEntry), table_of(JournalEntry)
_CALLS = table_of(ChainCall)
_PROGRAMS, _BATCHES, _TXS = table_of(Program), table_of(Batch), table_of(SettlementTx)


@dataclass(frozen=True, slots=True)
class OperationStatus:
    """Where an operation stands. What it has not reached yet is None."""

    operation_id: str
    state: SettlementState
    program_id: str
    entry_no: int
    batch_id: str | None = None
    seq: int | None = None
    word_index: int | None = None
    tx_hash: str | None = None
    block_number: int | None = None
    parked_reason: str | None = None


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That one operation's receipt is leaf `index` of `leaf_count` under the batch's `root`."""

    program_address: str
    seq: int
    index: int
    leaf_count: int
    word: int
    commitment: bytes
    leaf: bytes
    siblings: list[bytes]
    root: bytes


def operation_status(connection: Connection, operation_id: str) -> OperationStatus | None:
    """Where an operation stands on its way to the chain; None for an unknown one."""
    row = connection.execute(
        on_its_way(
            select(
                _JOURNAL.c.program_id,
                _JOURNAL.c.entry_no,
                func.coalesce(_OUTBOX.c.entry_no, _CALLS.c.entry_no).label("outbox_entry"),
                _OUTBOX.c.batch_id,
                _OUTBOX.c.word_index,
                func.coalesce(_OUTBOX.c.parked_reason, _CALLS.c.parked_reason).label(
                    "parked_reason"
                ),
                _BATCHES.c.seq,
                _TXS.c.state,
                _TXS.c.succeeded,
                _TXS.c.included_tx_hash,
                _TXS.c.included_block,
            )
        ).where(_JOURNAL.c.operation_id == operation_id)
    ).first()
    if row is None:
        return None
    failed = row.succeeded is False
    return OperationStatus(
        operation_id=operation_id,
        state=settlement_state(
            row.state,
            parked=row.parked_reason is not None,
            failed=failed,
            has_word=row.outbox_entry is not None,
        ),
        program_id=row.program_id,
        entry_no=row.entry_no,
        batch_id=row.batch_id,
        seq=row.seq,
        word_index=row.word_index,
        tx_hash=None if failed else row.included_tx_hash,
        block_number=None if failed else row.included_block,
        parked_reason=row.parked_reason,
    )


def inclusion_proof(connection: Connection, operation_id: str) -> InclusionProof | None:
    """The proof that an operation belongs to its batch; None while it is in none, and for ever
    where a receipt of the batch was lost with a database and taken in from the chain without."""
    status = operation_status(connection, operation_id)
    if status is None or status.batch_id is None or status.word_index is None:
        return None
    batch = connection.execute(
        select(
            _BATCHES.c.seq, _BATCHES.c.words, _BATCHES.c.receipts_root, _PROGRAMS.c.contract_address
        )
        .join(_PROGRAMS, _PROGRAMS.c.id == _BATCHES.c.program_id)
        .where(_BATCHES.c.id == status.batch_id)
    ).one()
    committed = [
        bytes.fromhex(text.removeprefix("0x")) for text in _commitments(connection, status)
    ]
    if not all(committed):
        return None
    program = bytes.fromhex(batch.contract_address[2:])
    words = [int.from_bytes(batch.words[at : at + 32]) for at in range(0, len(batch.words), 32)]
    leaves = [
        receipts.leaf(program, batch.seq, index, word, commitment)
        for index, (word, commitment) in enumerate(zip(words, committed, strict=True))
    ]
    root = bytes.fromhex(batch.receipts_root[2:])
    if receipts.merkle_root(leaves) != root:
        return None
    at = status.word_index
    return InclusionProof(
        program_address=batch.contract_address,
        seq=batch.seq,
        index=at,
        leaf_count=len(leaves),
        word=words[at],
        commitment=committed[at],
        leaf=leaves[at],
        siblings=receipts.merkle_proof(leaves, at),
        root=root,
    )


def _commitments(connection: Connection, status: OperationStatus) -> list[str]:
    rows = connection.execute(
        select(_JOURNAL.c.commitment)
        .join(
            _OUTBOX,
            and_(
                _OUTBOX.c.program_id == _JOURNAL.c.program_id,
                _OUTBOX.c.entry_no == _JOURNAL.c.entry_no,
            ),
        )
        .where(_OUTBOX.c.batch_id == status.batch_id)
        .order_by(_OUTBOX.c.word_index)
    )
    return [row[0] for row in rows]


def settlement_state(
    tx_state: str | None, *, parked: bool, failed: bool, has_word: bool = True
) -> SettlementState:
    """An operation's state, from its transaction's state (None when it is in no batch).

    What needs no word, because expired points cover it or it is the ledger's own, is final.
    """
    if not has_word:
        return SettlementState.FINAL
    if parked:
        return SettlementState.PARKED
    if tx_state is None:
        return SettlementState.ACCEPTED
    if tx_state in {TxState.SEALED, TxState.SIGNED}:
        return SettlementState.SEALED
    # A failed inclusion has moved nothing: until it is final, the batch counts as under way.
    if tx_state == TxState.BROADCAST or failed:
        return SettlementState.BROADCAST
    return SettlementState.FINAL if tx_state == TxState.FINAL else SettlementState.INCLUDED
