"""The ABI's encoding of the calls that are sent now and then; codec.py has the hot ones."""

from __future__ import annotations

from collections.abc import Sequence


class Dynamic(bytes):
    """An encoded value of a dynamic type: its place in a tuple is an offset."""


def uint(value: int) -> bytes:
    return value.to_bytes(32, "big")


def address(value: bytes) -> bytes:
    """Raises ValueError for what is not 20 bytes."""
    if len(value) != 20:
        raise ValueError(f"an address has 20 bytes, not {len(value)}")
    return bytes(12) + value


def blob(data: bytes) -> Dynamic:
    """`bytes` and `string` alike."""
    return Dynamic(uint(len(data)) + data + bytes(-len(data) % 32))


def fields(*parts: bytes) -> bytes:
    """The parts of a tuple or an argument list: static ones as they are, dynamic ones behind."""
    offset = sum(32 if isinstance(part, Dynamic) else len(part) for part in parts)
    head, tail = [], []
    for part in parts:
        if isinstance(part, Dynamic):
            head.append(uint(offset))
            tail.append(part)
            offset += len(part)
        else:
            head.append(part)
    return b"".join([*head, *tail])


def struct(*parts: bytes) -> Dynamic:
    """A tuple with a dynamic member."""
    return Dynamic(fields(*parts))


def array(items: Sequence[bytes]) -> Dynamic:
    """An array of any length, its items all static or all dynamic."""
    return Dynamic(uint(len(items)) + fields(*items))
