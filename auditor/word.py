"""A member of a program: points by the period they were earned in.

The contract keeps one word: `period:16 | nonce:39 | signedOnly:1 | five 40-bit buckets`, newest
lowest, a bucket's place being its age. Here the lots keep the number of their period instead, and
the word is made from them where it is compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MAX_BALANCE: Final = 2**40 - 2
_BUCKET_BITS: Final = 40
_NONCE_SHIFT: Final = 201
_SIGNED_SHIFT: Final = 200
_PERIOD_SHIFT: Final = 240
_NONCE_MASK: Final = 2**39 - 1


@dataclass(slots=True)
class Member:
    """`period` is that of the last touch, 0 for a member that was never touched; `short_points`
    those that returns were to take and did not find."""

    period: int = 0
    nonce: int = 0
    signed_only: bool = False
    lots: dict[int, int] = field(default_factory=dict)
    short_points: int = 0

    def copy(self) -> Member:
        lots = dict(self.lots)
        return Member(self.period, self.nonce, self.signed_only, lots, self.short_points)

    @property
    def points(self) -> int:
        return sum(self.lots.values())

    def expired(self, period: int, validity: int) -> int:
        """Points that are no longer alive in `period`."""
        if period <= self.period:
            return 0
        return sum(points for earned, points in self.lots.items() if earned + validity < period)

    def touch(self, period: int, validity: int) -> int:
        """Bring the member to `period`; how many points lapsed."""
        if period <= self.period:
            return 0
        lapsed = 0
        for earned in list(self.lots):
            if earned + validity < period:
                lapsed += self.lots.pop(earned)
        self.period = period
        return lapsed

    def mint(self, points: int, age: int = 0) -> None:
        """Add to the lot that is `age` periods old; the member was touched before."""
        earned = self.period - age
        self.lots[earned] = self.lots.get(earned, 0) + points

    def burn(self, points: int) -> None:
        """Take the oldest first. Raises ValueError, having changed nothing, if there are fewer."""
        if points > self.points:
            raise ValueError(f"{points} of {self.points}")
        for earned in sorted(self.lots):
            taken = min(points, self.lots[earned])
            self.lots[earned] -= taken
            points -= taken
            if not self.lots[earned]:
                del self.lots[earned]
            if not points:
                return

    @property
    def word(self) -> int:
        """The word that the contract keeps; 0 for a member that was never touched."""
        word = self.period << _PERIOD_SHIFT | self.nonce << _NONCE_SHIFT
        word |= self.signed_only << _SIGNED_SHIFT
        for earned, points in self.lots.items():
            word |= points << (_BUCKET_BITS * (self.period - earned))
        return word

    def buckets(self, period: int, validity: int) -> list[int]:
        """Live points by age in `period`."""
        aged = self.copy()
        aged.touch(period, validity)
        return [aged.lots.get(aged.period - age, 0) for age in range(5)]


def described(word: int) -> str:
    """A member's word in words."""
    lots = [(word >> (_BUCKET_BITS * age)) & (2**40 - 1) for age in range(5)]
    nonce, signed = (word >> _NONCE_SHIFT) & _NONCE_MASK, (word >> _SIGNED_SHIFT) & 1
    return f"period {word >> _PERIOD_SHIFT}, lots {lots}, nonce {nonce}, signed only {signed}"
