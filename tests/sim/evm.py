"""What a call to a contract can end with: logs, or a revert with its data."""

from __future__ import annotations

from dataclasses import dataclass

from backend.chain.keccak import keccak256

NOBODY = bytes(20)


class Reverted(Exception):
    """The contract refuses: the error's signature with types only, and its arguments; nothing is
    said where there is no contract."""

    def __init__(self, signature: str, *arguments: int | bytes) -> None:
        super().__init__(signature)
        chosen = keccak256(signature.encode())[:4] if signature else b""
        self.data = chosen + b"".join(map(word, arguments))


@dataclass(frozen=True, slots=True)
class Event:
    """A log before it has a place in a block."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


def word(value: int | bytes) -> bytes:
    """One ABI word: a number, an address, or 32 bytes as they are."""
    if isinstance(value, int):
        return (value % 2**256).to_bytes(32, "big")
    return value.rjust(32, b"\0")
