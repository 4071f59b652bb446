"""Reads of the ledger for the books: what was settled by kind, and the operations of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from backend.core import receipts
from backend.core.operations import Kind
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.reconciliation import ENTRY_OF_OUTBOX, OF_WORD
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.tables import JournalEntry, Member, OutboxEntry, Program

_JOURNAL, _OUTBOX, _BATCHES = table_of(JournalEntry), table_of(OutboxEntry), table_of(Batch)
_CALLS, _TXS = table_of(ChainCall), table_of(SettlementTx)
_MEMBERS, _PROGRAMS = table_of(Member), table_of(Program)


@dataclass(frozen=True, slots=True)
class BatchOperation:
    """A word of a batch and the journal entry behind it."""

    index: int
    operation_id: str
    kind: Kind
    points: int
    address: str
    commitment: str


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """A batch as the ledger sealed it; `derived_root` is made anew from words and commitments,
    None where a receipt was lost with a database."""

    seq: int
    word_count: int
    receipts_root: str
    derived_root: str | None
    operations: list[BatchOperation]


def settled_by_kind(
    connection: Connection, program_id: str, last_seq: int, block_number: int
) -> dict[Kind, int]:
    """Points of the batches up to `last_seq`, and of signed redemptions up to the block."""
    words = (
        select(_JOURNAL.c.kind, func.sum(OF_WORD).label("points"))
        .join(_OUTBOX, ENTRY_OF_OUTBOX)
        .join(_BATCHES, _BATCHES.c.id == _OUTBOX.c.batch_id)
        .where(
            _BATCHES.c.program_id == program_id,
            _BATCHES.c.seq <= last_seq,
            _BATCHES.c.voided_at_ms.is_(None),
        )
        .group_by(_JOURNAL.c.kind)
    )
    signed = (
        select(_JOURNAL.c.kind, func.sum(_JOURNAL.c.points).label("points"))
        .join(
            _CALLS,
            and_(
                _CALLS.c.program_id == _JOURNAL.c.program_id,
                _CALLS.c.entry_no == _JOURNAL.c.entry_no,
            ),
        )
        .join(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
        .where(
            _CALLS.c.program_id == program_id,
            _TXS.c.succeeded.is_(True),
            _TXS.c.included_block <= block_number,
        )
        .group_by(_JOURNAL.c.kind)
    )
    found: dict[Kind, int] = {}
    for statement in (words, signed):
        for kind, points in connection.execute(statement):
            found[Kind(kind)] = found.get(Kind(kind), 0) + int(points)
    return found


def sealed_batch(
    connection: Connection, program_id: str, seq: int, first: int, limit: int
) -> SealedBatch | None:
    """The batch with some of its operations, from word `first` on."""
    batch = connection.execute(
        select(_BATCHES, _PROGRAMS.c.contract_address)
        .join(_PROGRAMS, _PROGRAMS.c.id == _BATCHES.c.program_id)
        .where(
            _BATCHES.c.program_id == program_id,
            _BATCHES.c.seq == seq,
            _BATCHES.c.voided_at_ms.is_(None),
        )
    ).first()
    if batch is None:
        return None
    rows = connection.execute(_words_of(batch.id)).all()
    root = _derived_root(batch.contract_address, seq, batch.words, [r.commitment for r in rows])
    operations = [
        BatchOperation(
            index=row.word_index,
            operation_id=row.operation_id,
            kind=Kind(row.kind),
            points=row.points - row.lapsed_points,
            address=row.address,
            commitment=row.commitment,
        )
        for row in rows[first : first + limit]
    ]
    return SealedBatch(seq, batch.word_count, batch.receipts_root, root, operations)


def receipts_of(connection: Connection, program_id: str) -> Iterator[tuple[int, int, str]]:
    """Every settled word's (batch, place, commitment), in their order, read bit by bit."""
    rows = connection.execution_options(yield_per=5_000).execute(
        select(_BATCHES.c.seq, _OUTBOX.c.word_index, _JOURNAL.c.commitment)
        .join(_OUTBOX, _OUTBOX.c.batch_id == _BATCHES.c.id)
        .join(_JOURNAL, ENTRY_OF_OUTBOX)
        .where(_BATCHES.c.program_id == program_id, _BATCHES.c.voided_at_ms.is_(None))
        .order_by(_BATCHES.c.seq, _OUTBOX.c.word_index)
    )
    for seq, index, commitment in rows:
        if commitment:
            yield seq, index, commitment


def _words_of(batch_id: str) -> Select[Any]:
    return (
        select(
            _OUTBOX.c.word_index,
            _OUTBOX.c.lapsed_points,
            _JOURNAL.c.operation_id,
            _JOURNAL.c.kind,
            _JOURNAL.c.points,
            _JOURNAL.c.commitment,
            _MEMBERS.c.address,
        )
        .join(_JOURNAL, ENTRY_OF_OUTBOX)
        .join(_MEMBERS, _MEMBERS.c.id == _JOURNAL.c.member_id)
        .where(_OUTBOX.c.batch_id == batch_id)
        .order_by(_OUTBOX.c.word_index)
    )


def _derived_root(program: str, seq: int, words: bytes, commitments: list[str]) -> str | None:
    if not all(commitments) or len(commitments) * 32 != len(words):
        return None
    leaves = [
        receipts.leaf(
            bytes.fromhex(program[2:]),
            seq,
            index,
            int.from_bytes(words[32 * index : 32 * index + 32], "big"),
            bytes.fromhex(commitment.removeprefix("0x")),
        )
        for index, commitment in enumerate(commitments)
    ]
    return f"0x{receipts.merkle_root(leaves).hex()}"
