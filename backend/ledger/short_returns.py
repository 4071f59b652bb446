"""Returns that found less on chain than they were to take (`ReturnShort`).

Until its batch is final a short return stands in the ledger as it was accepted; then what the chain
did not take is given back (`given_back`). The mirror shows it as soon as it sees the block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from backend.core.operations import Kind
from backend.ledger import mirror_tables as mirror
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import Batch
from backend.ledger.tables import JournalEntry, Member, OutboxEntry

_JOURNAL, _OUTBOX, _MEMBERS = table_of(JournalEntry), table_of(OutboxEntry), table_of(Member)
_BATCHES = table_of(Batch)


@dataclass(frozen=True, slots=True)
class ShortReturn:
    """What a return in batch `seq` did not take of its member."""

    seq: int
    address: str
    points: int


def short_returns(connection: Connection, contract: str) -> list[ShortReturn]:
    """Every one the mirror has seen of a program."""
    notes, batches = mirror.notes, mirror.batches
    rows = connection.execute(
        select(batches.c.seq, notes.c.member, notes.c.number)
        .join(
            batches,
            and_(
                batches.c.program == notes.c.program,
                batches.c.tx_hash == notes.c.tx_hash,
                batches.c.block_number == notes.c.block_number,
            ),
        )
        .where(notes.c.program == contract, notes.c.kind == int(mirror.NoteKind.RETURN_SHORT))
    )
    return [ShortReturn(*row) for row in rows]


def entry_at(connection: Connection, batch_id: str, word_index: int) -> tuple[str, int, str]:
    """Program, number and member of the journal entry that a batch's word carries."""
    row = connection.execute(
        select(_OUTBOX.c.program_id, _OUTBOX.c.entry_no, _JOURNAL.c.member_id)
        .join(
            _JOURNAL,
            and_(
                _JOURNAL.c.program_id == _OUTBOX.c.program_id,
                _JOURNAL.c.entry_no == _OUTBOX.c.entry_no,
            ),
        )
        .where(_OUTBOX.c.batch_id == batch_id, _OUTBOX.c.word_index == word_index)
    ).one()
    return row.program_id, row.entry_no, row.member_id


def to_give_back(
    connection: Connection, program_id: str, seen: Sequence[ShortReturn], last_seq: int
) -> dict[str, int]:
    """By address, points that the mirror left with their member and the ledger did not give back
    yet; negative where the ledger was first. The mirror's newest batch is `last_seq`."""
    given = _given_back(connection, program_id, {one.seq for one in seen}, last_seq)
    waits: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in seen:
        waits[one.seq][one.address] += one.points
    for one in given:
        waits[one.seq][one.address] -= one.points
    points: dict[str, int] = defaultdict(int)
    for of_batch in waits.values():
        # Both have it, though a member may have another address by now.
        if sum(of_batch.values()):
            for address, left in of_batch.items():
                points[address] += left
    return dict(points)


def _given_back(
    connection: Connection, program_id: str, seqs: Set[int], last_seq: int
) -> list[ShortReturn]:
    """What was given back of returns in these batches, and in those after `last_seq`."""
    undone = _JOURNAL.alias()
    rows = connection.execute(
        select(undone.c.entry_no, _BATCHES.c.seq, _MEMBERS.c.address, undone.c.points)
        .select_from(_BATCHES)
        .join(_OUTBOX, _OUTBOX.c.batch_id == _BATCHES.c.id)
        .join(
            _JOURNAL,
            and_(
                _JOURNAL.c.program_id == _OUTBOX.c.program_id,
                _JOURNAL.c.entry_no == _OUTBOX.c.entry_no,
                _JOURNAL.c.kind == int(Kind.RETURN),
            ),
        )
        .join(
            undone,
            and_(
                undone.c.program_id == _JOURNAL.c.program_id,
                undone.c.member_id == _JOURNAL.c.member_id,
                undone.c.source_id == _JOURNAL.c.source_id,
                undone.c.kind == int(Kind.RETURN_UNDONE),
            ),
        )
        .join(_MEMBERS, _MEMBERS.c.id == undone.c.member_id)
        .where(
            _BATCHES.c.program_id == program_id,
            or_(_BATCHES.c.seq.in_(sorted(seqs)), _BATCHES.c.seq > last_seq),
        )
    )
    found = {entry_no: ShortReturn(seq, address, points) for entry_no, seq, address, points in rows}
    return list(found.values())
