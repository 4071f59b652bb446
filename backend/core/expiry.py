"""The member word: what a contract keeps of one member, modelled bit for bit.

    period:16 | nonce:39 | signed_only:1 | five 40-bit buckets by age, newest lowest

A bucket holds the points earned in one period; its place is its age in periods. The word carries
the period its ages count from, so ageing is one shift, and lapsing is what the mask cuts off.
Nothing here takes points away but the program's calendar (`aged`) and an operation that was asked
for (`consumed`), which takes the oldest points first, the ones that would expire next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from backend.core.calendar import Calendar
from backend.core.operations import AGE_MAX, POINTS_MAX

BUCKETS: Final = AGE_MAX + 1
BUCKET_BITS: Final = 40
NONCE_MAX: Final = 2**39 - 1
PERIOD_MAX: Final = 2**16 - 1

_BUCKET_MASK: Final = 2**BUCKET_BITS - 1
_SIGNED_ONLY_SHIFT: Final = BUCKETS * BUCKET_BITS
_NONCE_SHIFT: Final = _SIGNED_ONLY_SHIFT + 1
_PERIOD_SHIFT: Final = 240
_EMPTY: Final = (0,) * BUCKETS


@dataclass(frozen=True, slots=True)
class MemberWord:
    """One member's points by age. The word of a member nobody touched is all zero."""

    period: int = 0
    nonce: int = 0
    signed_only: bool = False
    buckets: tuple[int, ...] = _EMPTY
    """Points by age in periods, the current period's first."""

    def __post_init__(self) -> None:
        if len(self.buckets) != BUCKETS or min(self.buckets) < 0:
            raise ValueError(f"{BUCKETS} buckets of points, none negative")
        if sum(self.buckets) > POINTS_MAX:
            raise ValueError(f"a balance is at most {POINTS_MAX}")
        if not (0 <= self.period <= PERIOD_MAX and 0 <= self.nonce <= NONCE_MAX):
            raise ValueError("period or nonce does not fit its field")

    @property
    def balance(self) -> int:
        """All points in the word, lapsed ones that nobody swept included."""
        return sum(self.buckets)

    def aged(self, calendar: Calendar, period: int) -> MemberWord:
        """The word in `period`: older by the periods gone by, without what lapsed meanwhile."""
        gone_by = period - self.period
        if gone_by < 0:
            raise ValueError(f"time ran backwards, from period {self.period} to {period}")
        kept = calendar.validity_periods + 1
        shifted = (_EMPTY[: min(gone_by, BUCKETS)] + self.buckets)[:kept]
        buckets = shifted + _EMPTY[len(shifted) :]
        return replace(self, period=period, buckets=buckets)

    def lapsed(self, calendar: Calendar, period: int) -> int:
        """Points that ageing to `period` takes away."""
        return self.balance - self.aged(calendar, period).balance

    def minted(self, points: int, age: int = 0) -> MemberWord:
        """The word with `points` more of `age`; ValueError above the largest balance."""
        buckets = list(self.buckets)
        buckets[age] += points
        return replace(self, buckets=tuple(buckets))

    def consumed(self, points: int) -> MemberWord:
        """The word without `points`, the oldest taken first; ValueError if there are fewer."""
        if not 0 <= points <= self.balance:
            raise ValueError(f"{points} points out of {self.balance}")
        buckets = list(self.buckets)
        for age in reversed(range(BUCKETS)):
            taken = min(points, buckets[age])
            buckets[age] -= taken
            points -= taken
        return replace(self, buckets=tuple(buckets))

    def beside(self, promised_points: int) -> MemberWord:
        """What is free beside points that are promised: nothing where those are more than all."""
        return self.consumed(min(promised_points, self.balance))

    def spent_lots(self, points: int) -> tuple[tuple[int, int], ...]:
        """Which (period, points) `consumed` would take, oldest first: what a restore gives back."""
        after = self.consumed(points)
        taken = [
            (self.period - age, self.buckets[age] - after.buckets[age])
            for age in reversed(range(BUCKETS))
        ]
        return tuple((period, lot) for period, lot in taken if lot)

    def rebound(self) -> tuple[MemberWord, MemberWord]:
        """(old, new) when a member moves to an unused address: every lot keeps its age."""
        old = replace(self, buckets=_EMPTY)
        return old, replace(self, nonce=0)

    def expiring_until(self, calendar: Calendar, now: int, until: int) -> int:
        """Points that can be spent at `now` and will have expired by `until`, left untouched."""
        live = self.aged(calendar, calendar.period_at(now))
        if until <= now:
            return 0
        return live.lapsed(calendar, calendar.period_at(until))

    def lots(self, calendar: Calendar, now: int) -> tuple[tuple[int, int], ...]:
        """The (period, points) that can be spent at `now`, oldest first."""
        live = self.aged(calendar, calendar.period_at(now))
        return tuple(
            (live.period - age, live.buckets[age])
            for age in reversed(range(BUCKETS))
            if live.buckets[age]
        )

    def encode(self) -> int:
        """The 256-bit word as the contract stores it."""
        word = self.period << _PERIOD_SHIFT | self.nonce << _NONCE_SHIFT
        word |= self.signed_only << _SIGNED_ONLY_SHIFT
        for age, points in enumerate(self.buckets):
            word |= points << (BUCKET_BITS * age)
        return word


def decode(word: int) -> MemberWord:
    """The member behind a stored word; ValueError for more than 256 bits."""
    if word < 0 or word >> 256:
        raise ValueError("a member word has 256 bits")
    return MemberWord(
        period=word >> _PERIOD_SHIFT,
        nonce=(word >> _NONCE_SHIFT) & NONCE_MAX,
        signed_only=bool(word >> _SIGNED_ONLY_SHIFT & 1),
        buckets=tuple(word >> (BUCKET_BITS * age) & _BUCKET_MASK for age in range(BUCKETS)),
    )


def restore_age(calendar: Calendar, earned_period: int, now_period: int) -> int | None:
    """The age to restore points of `earned_period` into; None when they have lapsed meanwhile."""
    if not calendar.expires:
        return 0
    age = now_period - earned_period
    if age < 0:
        raise ValueError("points cannot be older than the period they were earned in")
    return age if age <= calendar.validity_periods else None
