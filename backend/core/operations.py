"""Operations: the only things that move points, as the ledger and the batch word know them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

POINTS_MAX: Final = 2**40 - 2
"""The largest balance the member word can hold (DESIGN §3: exact modulo 2^40 − 1)."""

AGE_MAX: Final = 4
"""The oldest earning bucket of the member word; 0 is the current period."""

REASON_MAX: Final = 2**16 - 1

REBIND_KIND: Final = 8
"""Not a kind of operation in a batch: see `rebind_word`."""


class Reason(IntEnum):
    """Why points were adjusted or moved, as the batch word says it."""

    NONE = 0
    CLOSED = 1
    """The member left; what was left of their points is given up."""
    MOVED = 2
    """From one member to another who is the same person: a debit here, a restore there."""
    GIVEN_TWICE = 3
    """A welcome that two accounts of one person were given."""
    BY_HAND = 4
    """Given or taken by one of the merchant's people, who said why."""


class Kind(IntEnum):
    """Kinds of operation, numbered as the contract's batch word numbers them.

    The last four are the ledger's own and have no batch word. LAPSE takes what expired,
    LAPSE_UNDONE gives back what was taken although the chain came to keep it, REDEEM_UNDONE what a
    signed redemption took that the chain refused, RETURN_UNDONE what a return took and the chain
    did not.
    """

    ACCRUE = 1
    BONUS = 2
    REDEEM = 3
    RETURN = 4
    RESTORE = 5
    ADJUST_CREDIT = 6
    ADJUST_DEBIT = 7
    LAPSE = 9
    LAPSE_UNDONE = 10
    REDEEM_UNDONE = 11
    RETURN_UNDONE = 12

    @property
    def has_word(self) -> bool:
        """Whether a batch can carry the operation."""
        return self < REBIND_KIND

    @property
    def is_credit(self) -> bool:
        """Whether the operation mints points (the others burn)."""
        return self in _CREDITS


_CREDITS: Final = frozenset(
    {
        Kind.ACCRUE,
        Kind.BONUS,
        Kind.RESTORE,
        Kind.ADJUST_CREDIT,
        Kind.LAPSE_UNDONE,
        Kind.REDEEM_UNDONE,
        Kind.RETURN_UNDONE,
    }
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One movement of one member's points, before it has a place in a batch.

    `member` is the 20-byte chain address, `points` is 1 … POINTS_MAX, `age` the earning bucket
    a RESTORE goes back into (0 otherwise), `reason` a program-defined number.
    """

    kind: Kind
    member: bytes
    points: int
    age: int = 0
    reason: int = 0

    def __post_init__(self) -> None:
        if not self.kind.has_word:
            raise ValueError(f"{self.kind.name} has no batch word")
        if len(self.member) != 20 or not any(self.member):
            raise ValueError("member must be a non-zero 20-byte address")
        if not 1 <= self.points <= POINTS_MAX:
            raise ValueError(f"points must be 1 … {POINTS_MAX}, got {self.points}")
        if not 0 <= self.age <= AGE_MAX or (self.age and self.kind is not Kind.RESTORE):
            raise ValueError(f"age {self.age} does not go with kind {self.kind.name}")
        if not 0 <= self.reason <= REASON_MAX:
            raise ValueError(f"reason must be 0 … {REASON_MAX}, got {self.reason}")

    @property
    def signed_points(self) -> int:
        """Points with the sign of their effect on the member's balance."""
        return self.points if self.kind.is_credit else -self.points


def encode_word(operation: Operation) -> int:
    """The batch word, high to low: member:160|kind:8|age:8|reason:16|zero:24|amount:40."""
    return (
        int.from_bytes(operation.member, "big") << 96
        | operation.kind << 88
        | operation.age << 80
        | operation.reason << 64
        | operation.points
    )


def rebind_word(member: bytes) -> int:
    """The word that stands for a rebind of `member` in its receipt: kind 8, all else zero.

    A rebind is a batch of its own and no word of a batch: it has two addresses, and its amount
    is whatever the member holds when it is applied.
    """
    if len(member) != 20 or not any(member):
        raise ValueError("member must be a non-zero 20-byte address")
    return int.from_bytes(member, "big") << 96 | REBIND_KIND << 88


def decode_word(word: int) -> Operation:
    """The operation a batch word stands for; raises ValueError when it is malformed."""
    if word >> 256 or (word >> 40) & 0xFFFFFF:
        raise ValueError("a batch word is 256 bits with 24 zero bits above the amount")
    return Operation(
        kind=Kind((word >> 88) & 0xFF),
        member=(word >> 96).to_bytes(20, "big"),
        points=word & (2**40 - 1),
        age=(word >> 80) & 0xFF,
        reason=(word >> 64) & 0xFFFF,
    )
