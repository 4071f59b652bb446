"""What is read of the operator's books: batches, operations and members."""

from __future__ import annotations

from dataclasses import dataclass

Redeemed = tuple[str, int, bytes]
"""Member, points and reference of a redemption with a signature."""


@dataclass(frozen=True, slots=True)
class BookBatch:
    """A batch as the books sealed it."""

    seq: int
    root: bytes
    words: bytes


@dataclass(frozen=True, slots=True)
class BookOperation:
    """An operation that the books have in a batch; `points` is what its word must carry."""

    seq: int
    index: int
    operation_id: str
    member: str
    kind: int
    age: int
    reason: int
    points: int
    commitment: bytes


@dataclass(slots=True)
class BookMember:
    """A member's points: in all, spendable by period (None where the books keep no lots), by the
    journal, in no batch up to a given one, and given back because a return did not take them.
    `redeemed_elsewhere` where the chain has a redemption of theirs that is not in the books yet:
    the books take it in when it is final."""

    points: int
    period: int = 0
    lots: dict[int, int] | None = None
    journal_points: int = 0
    pending_points: int = 0
    undone_points: int = 0
    redeemed_elsewhere: bool = False
