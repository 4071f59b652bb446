"""Ethereum's state and storage tries: the root of a known content, and the proof of an account.

Yellow Paper, appendix D; keys are hashed before. Knowing the root of what a contract should hold
proves all of its storage with one question to the node, unknown entries included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import rlp
from eth_utils.crypto import keccak

EMPTY_ROOT: Final = keccak(rlp.encode(b""))
_Item = tuple[list[int], bytes]


def storage_root(slots: Mapping[int, int], zeros: Iterable[int] = ()) -> bytes:
    """The root of a storage that holds these values, by slot.

    A zero is not in a storage trie, but for `zeros`: anvil keeps entries of value zero.
    """
    kept = set(zeros)
    items = [
        (_nibbles(keccak(slot.to_bytes(32, "big"))), rlp.encode(_minimal(value)))
        for slot, value in {**dict.fromkeys(kept, 0), **slots}.items()
        if value or slot in kept
    ]
    if not items:
        return EMPTY_ROOT
    items.sort()
    return keccak(rlp.encode(_node(items, 0)))


class ProvedAccount(NamedTuple):
    """What a proof shows of an account: the root of its storage and the hash of its code."""

    storage_root: bytes
    code_hash: bytes


def proved_account(
    state_root: bytes, address: bytes, proof: Sequence[bytes]
) -> ProvedAccount | None:
    """The account as `proof` ties it to `state_root`; None if it does not."""
    value = _proved(state_root, address, proof)
    try:
        account = rlp.decode(value)
    except (rlp.exceptions.RLPException, TypeError):
        return None
    return ProvedAccount(bytes(account[2]), bytes(account[3])) if len(account) == 4 else None


def is_kept_zero(root: bytes, slot: int, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the storage has an entry for this slot, and that it is zero."""
    empty: bytes = rlp.encode(b"")
    return _proved(root, slot.to_bytes(32, "big"), proof) == empty


def _proved(root: bytes, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The value at the hash of `key` under `root`; None where the proof shows none."""
    path, expected = _nibbles(keccak(key)), root
    for encoded in proof:
        if keccak(encoded) != expected:
            return None
        try:
            node = rlp.decode(encoded)
        except rlp.exceptions.RLPException:
            return None
        step = _step(node, path)
        if step is None:
            return None
        path, expected = step
        if not path:
            return expected
    return None


def _step(node: Any, path: list[int]) -> tuple[list[int], bytes] | None:
    """The rest of the path and what is at its next node; None when the path ends elsewhere."""
    if len(node) == 17 and path:
        return path[1:], bytes(node[path[0]])
    if len(node) != 2:
        return None
    packed = _nibbles(node[0])
    own = packed[1:] if packed[0] & 1 else packed[2:]
    if path[: len(own)] != own:
        return None
    return path[len(own) :], bytes(node[1])


def _node(items: list[_Item], depth: int) -> Any:
    """The node over sorted items that share their first `depth` nibbles."""
    first = items[0][0]
    if len(items) == 1:
        return [_packed(first[depth:], leaf=True), items[0][1]]
    last = items[-1][0]
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        below = _reference(_node(items, shared))
        return [_packed(first[depth:shared], leaf=False), below]
    children: list[Any] = [b""] * 17
    start = 0
    while start < len(items):
        nibble, end = items[start][0][depth], start
        while end < len(items) and items[end][0][depth] == nibble:
            end += 1
        children[nibble] = _reference(_node(items[start:end], depth + 1))
        start = end
    return children


def _reference(node: Any) -> Any:
    encoded = rlp.encode(node)
    return node if len(encoded) < 32 else keccak(encoded)


def _packed(nibbles: Sequence[int], *, leaf: bool) -> bytes:
    """Hex-prefix encoding."""
    odd = len(nibbles) % 2
    head = [2 * leaf + odd] if odd else [2 * leaf, 0]
    padded = [*head, *nibbles]
    return bytes(high << 4 | low for high, low in zip(padded[::2], padded[1::2], strict=True))


def _nibbles(data: bytes) -> list[int]:
    return [nibble for byte in data for nibble in (byte >> 4, byte & 15)]


def _minimal(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
