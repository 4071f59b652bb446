"""What the settler and the indexer need of a chain, and the errors it may answer with.

    ChainError
    ├── ChainUnavailable   retry later: no answer, a broken answer, a node that is behind
    └── ChainRefused       the node understood and said no; retrying the same call cannot help
        └── CallReverted   a simulated call reverted; carries the revert data

Numbers are plain ints (wei, block numbers), hashes and addresses are bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class ChainError(Exception):
    """Any failure of a call to the chain."""


class ChainUnavailable(ChainError):
    """Nothing can be concluded from the answer; the same call may succeed later."""


class ChainRefused(ChainError):
    """The node refused the call; `rpc_code` and `message` are the node's own."""

    def __init__(self, rpc_code: int, message: str) -> None:
        super().__init__(f"{message} ({rpc_code})")
        self.rpc_code = rpc_code
        self.message = message


class CallReverted(ChainRefused):
    """A simulated call reverted; `data` is the ABI-encoded custom error (may be empty)."""

    def __init__(self, rpc_code: int, message: str, data: bytes) -> None:
        super().__init__(rpc_code, message)
        self.data = data


@dataclass(frozen=True, slots=True)
class Header:
    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int
    logs_bloom: bytes
    base_fee_wei: int
    gas_limit: int


@dataclass(frozen=True, slots=True)
class Log:
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    tx_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    tx_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    effective_gas_price_wei: int


class ChainReader(Protocol):
    """Reads; every method raises ChainUnavailable or ChainRefused."""

    def chain_id(self) -> int: ...

    def head(self) -> Header: ...

    def header(self, number: int) -> Header | None: ...

    def finalized(self) -> Header:
        """The newest block this chain's settings call final (tag or depth), in one answer with its
        hash: a number alone would be believed of whatever fork the next answer is about."""
        ...

    def logs_in_range(
        self,
        first_block: int,
        last_block: int,
        addresses: Sequence[bytes],
        any_topic0: Sequence[bytes],
    ) -> list[Log]: ...

    def logs_of_block(
        self, block_hash: bytes, addresses: Sequence[bytes], any_topic0: Sequence[bytes]
    ) -> list[Log]: ...

    def call(
        self, to: bytes, data: bytes, block: int | None = None, sender: bytes | None = None
    ) -> bytes:
        """eth_call at `block` (latest when None); raises CallReverted with the revert data."""
        ...

    def call_many(
        self, questions: Sequence[tuple[bytes, bytes]], block: int | None = None
    ) -> list[bytes]:
        """The answers to several (to, data) calls at one block, in order, asked together."""
        ...

    def code(self, address: bytes) -> bytes: ...

    def balance_wei(self, address: bytes) -> int: ...

    def nonce(self, address: bytes, block: int | None = None) -> int:
        """Transactions of `address` included up to `block` (the latest when None); one more than
        the contracts it has created where it is a contract itself."""
        ...


class ChainWriter(ChainReader, Protocol):
    """Reads plus what sending transactions needs."""

    def estimate_gas(self, to: bytes, data: bytes, sender: bytes) -> int: ...

    def priority_fee_wei(self) -> int: ...

    def send_raw(self, raw_transaction: bytes) -> None:
        """Broadcasts; a node that already knows the transaction is a success."""
        ...

    def receipt(self, tx_hash: bytes) -> Receipt | None: ...
