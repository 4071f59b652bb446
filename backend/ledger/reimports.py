"""Taking batches into the ledger that the chain has and the ledger lost with an older backup.

A word of such a batch is either an entry that still waits, which is then settled, or something
the ledger does not know: it is journaled as the chain has it, without a receipt. Nothing here
commits: the caller's transaction does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, update

from backend.core import receipts
from backend.core.calendar import Calendar
from backend.core.operations import Kind, Operation, Reason, decode_word
from backend.ledger import outbox, parked
from backend.ledger import settlement_writes as writes
from backend.ledger.columns import table_of
from backend.ledger.journal_rows import locked_totals, next_row
from backend.ledger.outbox import WaitingEntry, WordNote
from backend.ledger.rebase import calendar_of, lapse_entry, rebase
from backend.ledger.settlement_writes import NewBatch, NewSlot
from backend.ledger.tables import Balance, JournalEntry, Member, OutboxEntry, ProgramTotals
from backend.ledger.unit_of_work import TOTAL_OF_KIND

Row = dict[str, Any]

_MEMBERS, _BALANCES, _OUTBOX = table_of(Member), table_of(Balance), table_of(OutboxEntry)
_TOTALS, _JOURNAL = table_of(ProgramTotals), table_of(JournalEntry)
_EVERYTHING = 2**31 - 1


@dataclass(frozen=True, slots=True)
class LostBatch:
    """A batch as the chain has it; `contract` 20 bytes, `root` 32, `words` 32 bytes each."""

    program_id: str
    contract: bytes
    seq: int
    root: bytes
    words: bytes
    applied_at_s: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Reimported:
    """What became of a batch: words of entries that waited, and words nobody here knew.

    `proved` when every receipt is known and the batch's root follows from them.
    """

    program_id: str
    seq: int
    receipts_root: str
    tx_hash: str
    found_words: int
    unknown_words: int
    unknown_minted_points: int
    unknown_burned_points: int
    unknown_members: int
    proved: bool


def reimport_batch(
    connection: Connection,
    slot: NewSlot,
    batch: LostBatch,
    now_ms: int,
    new_id: Callable[[str], str],
) -> Reimported:
    """Takes one batch into the ledger, under the slot of its transaction, which is there.

    Raises IntegrityError when somebody else has taken its number, and ValueError for a word that
    is none.
    """
    work = _Work(connection, batch, now_ms, new_id)
    words = [batch.words[at : at + 32] for at in range(0, len(batch.words), 32)]
    row = work.insert(slot, [decode_word(int.from_bytes(word)) for word in words])
    leaves = [
        receipts.leaf(batch.contract, batch.seq, index, int.from_bytes(word), committed)
        for index, word in enumerate(words)
        if (committed := row.commitments[index]) is not None
    ]
    proved = len(leaves) == len(words) and receipts.merkle_root(leaves) == batch.root
    minted = sum(o.points for o in row.unknown if o.kind.is_credit)
    return Reimported(
        program_id=batch.program_id,
        seq=batch.seq,
        receipts_root=f"0x{batch.root.hex()}",
        tx_hash=batch.tx_hash,
        found_words=len(words) - len(row.unknown),
        unknown_words=len(row.unknown),
        unknown_minted_points=minted,
        unknown_burned_points=sum(o.points for o in row.unknown) - minted,
        unknown_members=row.new_members,
        proved=proved,
    )


@dataclass(slots=True)
class _Taken:
    commitments: list[bytes | None]
    unknown: list[Operation]
    new_members: int


class _Work:
    def __init__(
        self, connection: Connection, batch: LostBatch, now_ms: int, new_id: Callable[[str], str]
    ) -> None:
        self._connection = connection
        self._batch = batch
        self._now_ms = now_ms
        self._new_id = new_id
        self._calendar: Calendar = calendar_of(connection, batch.program_id)
        self._totals: Row = locked_totals(connection, batch.program_id)
        found = connection.execute(
            select(_MEMBERS.c.address, _MEMBERS.c.id).where(
                _MEMBERS.c.program_id == batch.program_id
            )
        )
        self._member_ids: dict[str, str] = {row.address: row.id for row in found}
        self._new_members = 0
        # Why they were parked may be over by now, and the chain may have applied them since.
        parked.release(connection, parked.parked_operations(connection, batch.program_id))
        self._waiting = outbox.waiting_entries(connection, batch.program_id, _EVERYTHING)

    def insert(self, slot: NewSlot, operations: Sequence[Operation]) -> _Taken:
        batch_id = self._new_id("bat")
        minted = sum(o.points for o in operations if o.kind.is_credit)
        writes.insert_batch(
            self._connection,
            slot,
            NewBatch(
                id=batch_id,
                program_id=self._batch.program_id,
                seq=self._batch.seq,
                receipts_root=f"0x{self._batch.root.hex()}",
                words=self._batch.words,
                minted_points=minted,
                burned_points=sum(o.points for o in operations) - minted,
            ),
        )
        commitments: list[bytes | None] = []
        unknown: list[Operation] = []
        touched: set[str] = set()
        for index, operation in enumerate(operations):
            entry = self._claim(operation)
            if entry is not None:
                self._assign(batch_id, index, entry, operation)
                commitments.append(bytes.fromhex(entry.commitment))
                touched.add(entry.member_id)
                continue
            commitments.append(None)
            unknown.append(operation)
            touched.add(self._journal(batch_id, index, operation))
        self._connection.execute(
            update(_TOTALS)
            .where(_TOTALS.c.program_id == self._batch.program_id)
            .values(**self._totals)
        )
        rebase(self._connection, self._batch.program_id, touched, self._now_ms, self._new_id)
        return _Taken(commitments, unknown, self._new_members)

    def _claim(self, operation: Operation) -> WaitingEntry | None:
        """The oldest waiting entry that this word may be: operations of a member keep their order,
        so whatever waits of the same kind and size came before what was lost."""
        address = f"0x{operation.member.hex()}"
        for at, entry in enumerate(self._waiting):
            whole = entry.points + entry.lapsed_points
            fits = entry.points == operation.points or (
                self._calendar.expires and not entry.is_credit and operation.points <= whole
            )
            same = (entry.address, entry.kind, entry.reason) == (
                address, operation.kind, operation.reason,
            )  # fmt: skip
            if same and fits:
                return self._waiting.pop(at)
        return None

    def _assign(self, batch_id: str, index: int, entry: WaitingEntry, operation: Operation) -> None:
        program_id = self._batch.program_id
        outbox.assign_entries(self._connection, program_id, [entry.entry_no], batch_id)
        self._connection.execute(
            update(_OUTBOX)
            .where(_OUTBOX.c.program_id == program_id, _OUTBOX.c.entry_no == entry.entry_no)
            .values(word_index=index)
        )
        lapsed = entry.points + entry.lapsed_points - operation.points
        note = WordNote(entry.entry_no, lapsed, operation.age)
        outbox.note_words(self._connection, program_id, [note])

    def _journal(self, batch_id: str, index: int, operation: Operation) -> str:
        """Journals a word nobody knows; the id of its member."""
        member_id = self._member(operation.member)
        if not operation.kind.is_credit:
            self._undo_lapse(member_id, operation.points)
        told = {"batch": self._batch.seq, "index": index, "tx_hash": self._batch.tx_hash}
        entry = next_row(
            self._totals, operation.kind, member_id, operation.points,
            operation_id=self._new_id("op"), source_id=batch_id, details={"reimported": told},
            recorded_at_ms=self._batch.applied_at_s * 1000,
            age=operation.age, reason=operation.reason,
        )  # fmt: skip
        if operation.reason != Reason.MOVED:
            total, sign = TOTAL_OF_KIND[operation.kind]
            self._totals[total] += sign * operation.points
        self._connection.execute(insert(_JOURNAL), entry)
        self._connection.execute(
            insert(_OUTBOX),
            {
                "program_id": self._batch.program_id,
                "entry_no": entry["entry_no"],
                "batch_id": batch_id,
                "word_index": index,
                "lapsed_points": 0,
                "age": operation.age,
            },
        )
        self._connection.execute(
            update(_BALANCES)
            .where(_BALANCES.c.member_id == member_id)
            .values(points=_BALANCES.c.points + operation.signed_points)
        )
        return member_id

    def _undo_lapse(self, member_id: str, points: int) -> None:
        """What a debit took before it could lapse, and was posted as lapsed here meanwhile."""
        of_member = _JOURNAL.c.member_id == member_id
        lapses = {int(Kind.LAPSE): 1, int(Kind.LAPSE_UNDONE): -1}
        signed = _JOURNAL.c.points * case(lapses, value=_JOURNAL.c.kind, else_=0)
        ask = self._connection.execute
        held = ask(
            select(_BALANCES.c.points).where(_BALANCES.c.member_id == member_id)
        ).scalar_one()
        lapsed = ask(select(func.coalesce(func.sum(signed), 0)).where(of_member)).scalar_one()
        undone = min(points - held, int(lapsed))
        if undone <= 0:
            return
        ask(
            insert(_JOURNAL),
            lapse_entry(self._totals, member_id, -undone, self._now_ms, self._new_id),
        )
        ask(
            update(_BALANCES)
            .where(_BALANCES.c.member_id == member_id)
            .values(points=_BALANCES.c.points + undone)
        )

    def _member(self, address: bytes) -> str:
        """The member with this address; one without a name where the ledger has none."""
        written = f"0x{address.hex()}"
        if known := self._member_ids.get(written):
            return known
        member_id = self._member_ids[written] = self._new_id("mem")
        self._new_members += 1
        self._connection.execute(
            insert(_MEMBERS),
            {
                "id": member_id,
                "program_id": self._batch.program_id,
                "address": written,
                "created_at_ms": self._now_ms,
            },
        )
        self._connection.execute(
            insert(_BALANCES),
            {
                "member_id": member_id,
                "program_id": self._batch.program_id,
                "points": 0,
                "period": self._calendar.period_at(self._now_ms // 1000),
                **{f"lot_{age}": 0 for age in range(5)},
            },
        )
        return member_id
