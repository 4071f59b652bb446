"""Receipt leaves and the Merkle tree whose root is settled with each batch.

A leaf binds what the chain shows (program, sequence, position, batch word) to a commitment that
hides what it does not show (receipt, rule, operation id). The commitment's salt is derived from
a secret of the member, so destroying that secret makes the leaf say nothing about a person.

SHA-256 throughout: it is in every standard library and is EVM precompile 0x02, so an auditor
needs no library of ours. Leaves and nodes start with different bytes, as in RFC 6962 §2.1, so a
node can never be passed off as a leaf.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

LEAF_DOMAIN: Final = b"\x00mereau/receipt/1"
NODE_DOMAIN: Final = b"\x01"
COMMITMENT_DOMAIN: Final = b"mereau/commitment/1"


def commitment(member_secret: bytes, operation_id: str, details: bytes) -> bytes:
    """Hides `details` (canonical bytes of receipt and rule) behind the member's secret."""
    message = COMMITMENT_DOMAIN + _framed(operation_id.encode()) + _framed(details)
    return hmac.digest(member_secret, message, "sha256")


def leaf(program: bytes, seq: int, index: int, word: int, committed: bytes) -> bytes:
    """The leaf of one batch word.

    Args: `program` is the 20-byte contract address, `seq` the batch's sequence number, `index`
    the word's position in it, `word` the 256-bit batch word, `committed` its 32-byte commitment.
    """
    if len(program) != 20 or len(committed) != 32:
        raise ValueError("a leaf takes a 20-byte program and a 32-byte commitment")
    return sha256(
        LEAF_DOMAIN
        + program
        + seq.to_bytes(8, "big")
        + index.to_bytes(4, "big")
        + word.to_bytes(32, "big")
        + committed
    ).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(NODE_DOMAIN + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves in order; a level's odd last node moves up unchanged."""
    if not leaves:
        raise ValueError("a batch has at least one leaf")
    level = list(leaves)
    while len(level) > 1:
        level = _next_level(level)
    return level[0]


def merkle_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings from leaf `index` up to the root, lowest first."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    proof: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level = _next_level(level)
        index >>= 1
    return proof


def verify_proof(
    root: bytes, leaf_hash: bytes, index: int, leaf_count: int, proof: Sequence[bytes]
) -> bool:
    """Whether `leaf_hash` is leaf `index` of the `leaf_count` leaves under `root`."""
    if not 0 <= index < leaf_count:
        return False
    remaining = list(proof)
    computed, width = leaf_hash, leaf_count
    while width > 1:
        if index ^ 1 < width:
            if not remaining:
                return False
            sibling = remaining.pop(0)
            computed = node(sibling, computed) if index & 1 else node(computed, sibling)
        index >>= 1
        width = (width + 1) // 2
    return not remaining and hmac.compare_digest(computed, root)


def _next_level(level: list[bytes]) -> list[bytes]:
    paired = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return [*paired, level[-1]] if len(level) % 2 else paired


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part
