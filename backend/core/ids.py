"""Identifiers: a prefix that says what it names, then 26 characters that sort by time.

The 26 characters are Crockford base 32 of 48 bits of milliseconds and 80 random bits, so that
new rows land at the end of an index and nobody can guess the next one.
"""

from __future__ import annotations

from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [high + low for high in _ALPHABET for low in _ALPHABET]
_CHARACTERS: Final = frozenset(_ALPHABET)
_LENGTH: Final = 26
ENTROPY_BYTES: Final = 10


def make_id(prefix: str, created_at_ms: int, entropy: bytes) -> str:
    """`prefix_…` from a time in ms and exactly 10 random bytes; raises ValueError otherwise."""
    if len(entropy) != ENTROPY_BYTES or not 0 <= created_at_ms < 2**48:
        raise ValueError("an id takes 48 bits of time and 10 bytes of entropy")
    number = created_at_ms << 80 | int.from_bytes(entropy, "big")
    pairs = [_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)]
    return f"{prefix}_{''.join(pairs)}"


def is_id(prefix: str, text: str) -> bool:
    """Whether the text has the form of an id with this prefix."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == _LENGTH and _CHARACTERS.issuperset(tail)
