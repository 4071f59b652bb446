"""JSON-RPC's hex strings, read strictly and written canonically.

Every reader raises ValueError for what is not what it should be; rpc.py turns that into
ChainUnavailable, because a node that answers nonsense has not answered.
"""

from __future__ import annotations


def read_quantity(text: str) -> int:
    """A hex number with 0x, not negative."""
    if not text.startswith("0x") or "_" in text:
        raise ValueError(f"not a quantity: {text[:80]!r}")
    return int(text[2:], 16)


def read_bytes(text: str, size: int | None = None) -> bytes:
    """Hex data with 0x, of `size` bytes if given."""
    if not text.startswith("0x"):
        raise ValueError(f"not hex data: {text[:80]!r}")
    data = bytes.fromhex(text[2:])
    if size is not None and len(data) != size:
        raise ValueError(f"expected {size} bytes, got {len(data)}")
    return data


def write_bytes(data: bytes) -> str:
    """Lower-case hex with 0x: the form of the ledger's tables and of JSON-RPC alike."""
    return "0x" + data.hex()
