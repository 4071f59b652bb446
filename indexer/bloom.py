"""The 2048-bit Bloom filter of a block header, which says what logs a block cannot hold."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from backend.chain.keccak import keccak256

BITS: Final = 2048


def admits(logs_bloom: bytes, *items: bytes) -> bool:
    """Whether a block with this filter may hold a log with all of `items` (address and topics).

    "No" is certain when the header is honest; "yes" may be chance.
    """
    bits = int.from_bytes(logs_bloom, "big")
    return all(bits & mask == mask for mask in map(_mask, items))


def is_crowded(logs_bloom: bytes) -> bool:
    """Whether the filter is so full that a "yes" is more likely chance than not."""
    return int.from_bytes(logs_bloom, "big").bit_count() > BITS // 2


@lru_cache(maxsize=65_536)
def _mask(item: bytes) -> int:
    digest = keccak256(item)
    mask = 0
    for start in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[start : start + 2], "big") & (BITS - 1))
    return mask
