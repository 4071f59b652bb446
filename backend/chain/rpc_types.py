"""The shapes of the JSON-RPC answers that are read, and their translation to the port's types."""

from __future__ import annotations

import re
from typing import Final, Generic, TypeVar

import msgspec

from backend.chain.port import (
    CallReverted,
    ChainError,
    ChainRefused,
    ChainUnavailable,
    Header,
    Log,
    Receipt,
)
from backend.chain.quantities import read_bytes, read_quantity

T = TypeVar("T")


class RpcFault(msgspec.Struct):
    code: int
    message: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")


class Reply(msgspec.Struct, Generic[T]):
    """An answer; `result` is UNSET when the node left it out, None when it said null."""

    id: int | None = None
    result: T | msgspec.UnsetType | None = msgspec.UNSET
    error: RpcFault | None = None


class RawHeader(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    gas_limit: str
    base_fee_per_gas: str = "0x0"

    def to_port(self) -> Header:
        return Header(
            number=read_quantity(self.number),
            hash=read_bytes(self.hash, 32),
            parent_hash=read_bytes(self.parent_hash, 32),
            timestamp_s=read_quantity(self.timestamp),
            logs_bloom=read_bytes(self.logs_bloom, 256),
            base_fee_wei=read_quantity(self.base_fee_per_gas),
            gas_limit=read_quantity(self.gas_limit),
        )


class RawLog(msgspec.Struct, rename="camel"):
    address: str
    topics: tuple[str, ...]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    removed: bool = False


def logs_to_port(raw_logs: list[RawLog]) -> list[Log]:
    """The logs that were not removed; ValueError when one is broken.

    The hottest loop of the indexer: what the logs of one contract in one transaction share is read
    once for all that follow each other.
    """
    unhex = bytes.fromhex
    place: tuple[str, str, str] | None = None
    address = block_hash = tx_hash = b""
    block_number = tx_index = 0
    logs = []
    for raw in raw_logs:
        if raw.removed:
            continue
        if place != (raw.transaction_hash, raw.block_hash, raw.address):
            place = (raw.transaction_hash, raw.block_hash, raw.address)
            address = read_bytes(raw.address, 20)
            block_hash = read_bytes(raw.block_hash, 32)
            tx_hash = read_bytes(raw.transaction_hash, 32)
            block_number = read_quantity(raw.block_number)
            tx_index = read_quantity(raw.transaction_index)
        logs.append(
            Log(
                address,
                tuple([unhex(topic[2:]) for topic in raw.topics]),
                unhex(raw.data[2:]),
                block_number,
                block_hash,
                tx_hash,
                tx_index,
                int(raw.log_index, 16),
            )
        )
    return logs


class RawReceipt(msgspec.Struct, rename="camel"):
    transaction_hash: str
    block_number: str
    block_hash: str
    status: str
    gas_used: str
    effective_gas_price: str = "0x0"

    def to_port(self) -> Receipt:
        return Receipt(
            tx_hash=read_bytes(self.transaction_hash, 32),
            block_number=read_quantity(self.block_number),
            block_hash=read_bytes(self.block_hash, 32),
            succeeded=read_quantity(self.status) == 1,
            gas_used=read_quantity(self.gas_used),
            effective_gas_price_wei=read_quantity(self.effective_gas_price),
        )


_REVERT_CODES: Final = frozenset({3, -32015})
# JSON-RPC's own "internal error", EIP-1474's "resource unavailable" and "limit exceeded".
_PASSING_CODES: Final = frozenset({-32603, -32002, -32005, -39001, 429})
_PASSING_MESSAGES: Final = re.compile(
    r"header not found|unknown block|block not found|missing trie node|out of range"
    r"|OutOfRange|too many requests|rate limit|timeout|timed out|syncing|not available|try again",
    re.IGNORECASE,
)
_HEX_DATA: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


def error_of(fault: RpcFault) -> ChainError:
    """The port's error for a node's: reverted, refused, or nothing to conclude from."""
    message = fault.message[:500]
    if fault.code in _REVERT_CODES or "revert" in message.lower():
        return CallReverted(fault.code, message, _revert_data(fault))
    if fault.code in _PASSING_CODES or _PASSING_MESSAGES.search(message):
        return ChainUnavailable(f"{message} ({fault.code})")
    return ChainRefused(fault.code, message)


def _revert_data(fault: RpcFault) -> bytes:
    # Nodes put the data into `data` as a string, into an object inside it, or into the message.
    for text in (bytes(fault.data).decode("utf-8", "replace"), fault.message):
        if found := max(_HEX_DATA.findall(text), key=len, default=""):
            return bytes.fromhex(found[2:])
    return b""
