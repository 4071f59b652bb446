"""The hash of a block, made again from the fields that a node says it has (Yellow Paper, 4.3.3,
with the fields of EIP-1559, 4895, 4844, 4788 and 7685)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import rlp
from eth_utils.crypto import keccak

_FIELDS: Final = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot",
    "logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData",
    "mixHash", "nonce",
)  # fmt: skip
_LATER: Final = (
    "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot",
    "requestsHash",
)  # fmt: skip
"""Added by one upgrade after the other: a header has the first so many of them."""
_NUMBERS: Final = frozenset(
    "difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas".split()
)


def header_hash(block: Mapping[str, Any]) -> str:
    """keccak256 of the header's RLP, 0x hex; ValueError for a field that is missing or broken."""
    present = [*_FIELDS]
    for name in _LATER:
        if block.get(name) is None:
            break
        present.append(name)
    return "0x" + keccak(rlp.encode([_encoded(block, name) for name in present])).hex()


def _encoded(block: Mapping[str, Any], name: str) -> bytes:
    value = block.get(name)
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError(f"the header has no {name}")
    if name in _NUMBERS:
        number = int(value, 16)
        return number.to_bytes((number.bit_length() + 7) >> 3, "big")
    return bytes.fromhex(value[2:])
