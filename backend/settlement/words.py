"""From waiting entries to a batch: words, leaves, root and totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.chain.codec import SettleBatch
from backend.chain.quantities import read_bytes, write_bytes
from backend.core import receipts
from backend.core.operations import Kind, Operation, encode_word
from backend.ledger.outbox import WaitingEntry, WordNote
from backend.ledger.settlement_writes import NewBatch


@dataclass(frozen=True, slots=True)
class Word:
    """An entry with its encoded word; `signed_points` is what it does to the supply.

    `lapsed_points` of the entry are left out of the word, because expired points cover them.
    """

    entry_no: int
    word: int
    signed_points: int
    commitment: bytes
    lapsed_points: int = 0
    age: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch that is not sealed: a program's next sequence number and what would go into it."""

    program_id: str
    contract: bytes
    seq: int
    words: tuple[Word, ...]

    @property
    def packed(self) -> bytes:
        return b"".join(word.word.to_bytes(32, "big") for word in self.words)

    def prefix(self, length: int) -> Draft:
        return Draft(self.program_id, self.contract, self.seq, self.words[:length])

    def without(self, index: int) -> Draft:
        rest = self.words[:index] + self.words[index + 1 :]
        return Draft(self.program_id, self.contract, self.seq, rest)

    def for_simulation(self) -> SettleBatch:
        """The call's part with an empty root: the contract does not read it."""
        return SettleBatch(self.contract, self.seq, bytes(32), self.packed)

    def with_root(self) -> SettleBatch:
        leaves = [
            receipts.leaf(self.contract, self.seq, index, word.word, word.commitment)
            for index, word in enumerate(self.words)
        ]
        return SettleBatch(self.contract, self.seq, receipts.merkle_root(leaves), self.packed)

    def notes(self) -> list[WordNote]:
        """What the words say that the journal does not."""
        return [
            WordNote(word.entry_no, word.lapsed_points, word.age)
            for word in self.words
            if word.lapsed_points or word.age
        ]

    def row(self, batch_id: str, call: SettleBatch) -> NewBatch:
        """The ledger's record of this batch as `call` settles it."""
        points = [word.signed_points for word in self.words]
        return NewBatch(
            id=batch_id,
            program_id=self.program_id,
            seq=self.seq,
            receipts_root=write_bytes(call.receipts_root),
            words=call.words,
            minted_points=sum(p for p in points if p > 0),
            burned_points=-sum(p for p in points if p < 0),
        )


def encode_entries(entries: Sequence[WaitingEntry]) -> tuple[list[Word], list[tuple[int, str]]]:
    """The entries' words, and (entry number, reason) of those that no word can express."""
    words: list[Word] = []
    unfit: list[tuple[int, str]] = []
    for entry in entries:
        try:
            operation = Operation(
                kind=Kind(entry.kind),
                member=read_bytes(entry.address, 20),
                points=entry.points,
                age=entry.age,
                reason=entry.reason,
            )
            committed = bytes.fromhex(entry.commitment.removeprefix("0x"))
            if len(committed) != 32:
                raise ValueError("a commitment has 32 bytes")
        except ValueError as error:
            unfit.append((entry.entry_no, f"no batch word: {error}"))
            continue
        words.append(
            Word(
                entry.entry_no,
                encode_word(operation),
                operation.signed_points,
                committed,
                entry.lapsed_points,
                entry.age,
            )
        )
    return words, unfit
