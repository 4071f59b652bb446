"""The word of a member, changed by one event at a time. Pure.

A word is kept as the integer that the contract stores (see backend.core.expiry, whose functions
do all that is not plain). Plain, as in the contract, is what neither ages a word nor looks at more
than its newest lot: that is nearly every mint, and it is done on the integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from backend.core.calendar import Calendar
from backend.core.expiry import BUCKET_BITS, BUCKETS, MemberWord, decode
from backend.core.operations import POINTS_MAX
from indexer.errors import ProjectionError

PERIOD_SHIFT: Final = 240
LOTS_MASK: Final[int] = 2 ** (BUCKETS * BUCKET_BITS) - 1
LOT_MASK: Final[int] = 2**BUCKET_BITS - 1
SIGNED_ONLY: Final[int] = 1 << BUCKETS * BUCKET_BITS
WORD_BYTES: Final = 32
ONE_NONCE: Final[int] = 2 * SIGNED_ONLY

_NONCE_SHIFT: Final = BUCKETS * BUCKET_BITS + 1
_SUM_MODULUS: Final[int] = 2**BUCKET_BITS - 1

WordRow = tuple[int, int, int, int, int, int, int, bool, int]
"""points, period, lot_0 … lot_4, signed_only, nonce: the columns of a balance in their order."""


def balance_of(word: int) -> int:
    """All points in the word; one step, because 2^40 is 1 modulo 2^40 - 1."""
    return (word & LOTS_MASK) % _SUM_MODULUS


def moved(word: int, points: int, calendar: Calendar, period: int) -> tuple[int, int]:
    """The word after a Transfer of `points` (negative for a burn) in `period`, and how many of
    them lapsed.

    Where time took points the contract burns exactly those before anything else, so such a burn
    is told by the word itself. Raises ProjectionError for what no contract of ours can do.
    """
    if word >> PERIOD_SHIFT == period:
        if points > 0:
            if (word & LOTS_MASK) % _SUM_MODULUS + points <= POINTS_MAX:
                return word + points, 0
        elif word & LOTS_MASK <= LOT_MASK and word & LOT_MASK >= -points:
            return word + points, 0
    elif not word and 0 < points <= POINTS_MAX:
        return period << PERIOD_SHIFT | points, 0
    try:
        held = decode(word)
        now = held.aged(calendar, period)
        lapsed = held.balance - now.balance
        if lapsed:
            if points != -lapsed:
                raise ProjectionError(f"{lapsed} points lapsed, but {points} moved")
            return now.encode(), lapsed
        changed = now.minted(points) if points > 0 else now.consumed(-points)
    except ValueError as error:
        raise ProjectionError(str(error)) from error
    return changed.encode(), 0


def touched(word: int, calendar: Calendar, period: int) -> MemberWord:
    """The word as of `period`, of which nothing may lapse: that has been burned before."""
    try:
        held = decode(word)
        now = held.aged(calendar, period)
    except ValueError as error:
        raise ProjectionError(str(error)) from error
    if now.balance != held.balance:
        raise ProjectionError(f"{held.balance - now.balance} points lapsed and were not burned")
    return now


def restored(word: int, points: int, age: int, calendar: Calendar) -> int:
    """The word whose newest `points` are as old as `age` periods after all."""
    if not 0 <= age <= calendar.validity_periods:
        raise ProjectionError(f"{points} points restored into age {age}")
    return word + (points << BUCKET_BITS * age) - points


def with_signed_only(word: MemberWord, signed_only: bool, nonce: int) -> int:
    """The word after `SignedOnlySet`; a nonce goes up by one or not at all."""
    if nonce not in (word.nonce, word.nonce + 1):
        raise ProjectionError(f"the nonce went from {word.nonce} to {nonce}")
    return replace(word, signed_only=signed_only, nonce=nonce).encode()


def row_of(word: int) -> WordRow:
    """The word as columns."""
    lots = word & LOTS_MASK
    kept = word >> BUCKETS * BUCKET_BITS & LOT_MASK
    return (
        lots % _SUM_MODULUS,
        word >> PERIOD_SHIFT,
        lots & LOT_MASK,
        lots >> BUCKET_BITS & LOT_MASK,
        lots >> 2 * BUCKET_BITS & LOT_MASK,
        lots >> 3 * BUCKET_BITS & LOT_MASK,
        lots >> 4 * BUCKET_BITS,
        kept & 1 == 1,
        kept >> 1,
    )


def word_of(period: int, lots: Sequence[int], signed_only: bool, nonce: int) -> int:
    """The word behind the columns."""
    newest, one, two, three, oldest = lots
    return (
        period << PERIOD_SHIFT
        | nonce << _NONCE_SHIFT
        | (SIGNED_ONLY if signed_only else 0)
        | oldest << 4 * BUCKET_BITS
        | three << 3 * BUCKET_BITS
        | two << 2 * BUCKET_BITS
        | one << BUCKET_BITS
        | newest
    )
