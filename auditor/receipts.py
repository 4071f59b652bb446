"""Receipt leaves and their Merkle root: contracts/SPECIFICATION.md, section F."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

_LEAF: Final = b"\x00mereau/receipt/1"
_NODE: Final = b"\x01"


class Receipt(NamedTuple):
    """The commitment behind word number `word` of batch `seq` of `program`."""

    program: str
    seq: int
    word: int
    commitment: bytes


class BrokenReceipts(Exception):
    """A file of receipts cannot be read; the message names the line."""


def leaf(program: str, seq: int, index: int, word: bytes, commitment: bytes) -> bytes:
    """The leaf of one 32-byte batch word."""
    place = seq.to_bytes(8, "big") + index.to_bytes(4, "big")
    return sha256(_LEAF + bytes.fromhex(program[2:]) + place + word + commitment).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over at least one leaf; the odd last node of a level moves up unchanged."""
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(_NODE + left + right).digest() for left, right in pairs] + odd
    return level[0]


def read(path: Path) -> Iterator[Receipt]:
    """Receipts from a file of JSON lines: program, seq, index, commitment (hex).

    Raises BrokenReceipts.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    entry = json.loads(line)
                    commitment = bytes.fromhex(str(entry["commitment"]).removeprefix("0x"))
                    place = int(entry["seq"]), int(entry["index"])
                    yield Receipt(str(entry["program"]).lower(), *place, commitment)
                except (ValueError, KeyError, TypeError):
                    raise BrokenReceipts(f"{path}, line {number} is no receipt") from None
    except OSError as failure:
        raise BrokenReceipts(f"{path}: {failure.strerror}") from None
