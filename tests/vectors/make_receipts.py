"""Write receipts.json anew: `python -m tests.vectors.make_receipts`.

The vectors are committed, and only a new version of the leaf format may change them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backend.core import receipts
from backend.core.operations import Kind, Operation, encode_word, rebind_word

PROGRAM = bytes.fromhex("6d65726561752d7465737400000000000000c0de")
TARGET = Path(__file__).with_name("receipts.json")


def member(number: int) -> bytes:
    return number.to_bytes(1, "big") * 20


def word_of(number: int) -> int:
    kinds = [kind for kind in Kind if kind.has_word]
    kind = kinds[number % len(kinds)]
    return encode_word(
        Operation(
            kind=kind,
            member=member(number + 1),
            points=1_000 * number + 1,
            age=number % 5 if kind is Kind.RESTORE else 0,
            reason=number,
        )
    )


def batch(seq: int, words: list[int]) -> dict[str, Any]:
    hidden = [
        receipts.commitment(bytes([seq % 251, n]) * 16, f"op_{seq}_{n}", b'{"receipt":"%d"}' % n)
        for n in range(len(words))
    ]
    leaves = [receipts.leaf(PROGRAM, seq, n, word, hidden[n]) for n, word in enumerate(words)]
    return {
        "seq": seq,
        "root": receipts.merkle_root(leaves).hex(),
        "leaves": [
            {
                "index": n,
                "word": f"{word:064x}",
                "commitment": hidden[n].hex(),
                "leaf": leaves[n].hex(),
                "proof": [sibling.hex() for sibling in receipts.merkle_proof(leaves, n)],
            }
            for n, word in enumerate(words)
        ],
    }


def vectors() -> dict[str, Any]:
    """Batches of 1, 2, 3, 5, 8 and 13 words, and a rebind."""
    sizes = (1, 2, 3, 5, 8, 13)
    batches = [batch(seq, [word_of(n) for n in range(size)]) for seq, size in enumerate(sizes, 1)]
    batches.append(batch(2**64 - 1, [rebind_word(member(9))]))
    return {"program": "0x" + PROGRAM.hex(), "batches": batches}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
