"""A chain in memory: mempool, blocks with timestamps, forks, finality; one honest node's view."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Final

from backend.chain.keccak import keccak256
from backend.chain.port import ChainRefused, Header, Log, Receipt
from backend.chain.signer import LaneSigner, SignedTransaction, UnsignedTransaction
from tests.sim.contracts import Contracts, Places
from tests.sim.evm import Event, Reverted

CHAIN_ID: Final = 31337
GAS_LIMIT: Final = 30_000_000
GWEI: Final = 10**9
_VIEWS_KEPT: Final = 6
_RAW: Final = struct.Struct(">20sQQQQ20s")


@dataclass(frozen=True, slots=True)
class Transaction:
    hash: bytes
    sender: bytes
    nonce: int
    to: bytes
    data: bytes
    max_fee_wei: int
    tip_wei: int


class SimSigner(LaneSigner):
    """Signs by naming the sender: real signatures take 13 ms each and are tested elsewhere."""

    __slots__ = ()

    def __init__(self, address: bytes) -> None:
        self.address = address

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        assert transaction.chain_id == CHAIN_ID
        fees = transaction.fees
        head = _RAW.pack(
            self.address,
            transaction.nonce,
            fees.max_fee_wei,
            fees.priority_fee_wei,
            transaction.gas_limit,
            transaction.to,
        )
        raw = head + transaction.data
        return SignedTransaction(raw, keccak256(raw))


def read_transaction(raw: bytes) -> Transaction:
    sender, nonce, max_fee, tip, _gas, to = _RAW.unpack(raw[: _RAW.size])
    return Transaction(keccak256(raw), sender, nonce, to, raw[_RAW.size :], max_fee, tip)


@dataclass(frozen=True, slots=True)
class Block:
    """A block and the state after it."""

    header: Header
    transactions: tuple[Transaction, ...]
    logs: tuple[Log, ...]
    receipts: dict[bytes, Receipt]
    contracts: Contracts
    nonces: dict[bytes, int]


@dataclass(frozen=True, slots=True)
class View:
    """The chain as some node has it: its blocks, and the newest final one."""

    blocks: tuple[Block, ...]
    final_number: int

    @property
    def head(self) -> Block:
        return self.blocks[-1]


@dataclass
class Chain:
    """The canonical chain of the moment, and what waits for a block."""

    places: Places
    finality_depth: int
    now_s: int
    chance: Random
    blocks: list[Block] = field(default_factory=list)
    mempool: dict[tuple[bytes, int], Transaction] = field(default_factory=dict)
    views: deque[View] = field(default_factory=lambda: deque(maxlen=_VIEWS_KEPT))
    final_number: int = 0
    base_fee_wei: int = GWEI
    broke: set[bytes] = field(default_factory=set)
    left_out: int = 0
    """How many transactions the newest block could have had and has not."""

    _salt: int = 0

    def __post_init__(self) -> None:
        self._append([], self.now_s)

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    @property
    def view(self) -> View:
        return self.views[-1]

    def submit(self, transaction: Transaction) -> None:
        """Into the mempool, or ChainRefused in a node's words."""
        key = (transaction.sender, transaction.nonce)
        if transaction.nonce < self.head.nonces.get(transaction.sender, 0):
            raise ChainRefused(-32003, "nonce too low")
        if transaction.sender in self.broke:
            raise ChainRefused(-32003, "insufficient funds for gas * price + value")
        waiting = self.mempool.get(key)
        if waiting is not None and waiting.hash != transaction.hash:
            enough = (
                10 * transaction.max_fee_wei >= 11 * waiting.max_fee_wei
                and 10 * transaction.tip_wei >= 11 * waiting.tip_wei
            )
            if not enough:
                raise ChainRefused(-32003, "replacement transaction underpriced")
        self.mempool[key] = transaction

    def mine(self, now_s: int, left_out: float = 0.0) -> Block:
        """A block of what can be included, each transaction left out with that chance."""
        timestamp_s = max(now_s, self.head.header.timestamp_s + 1)
        nonces, chosen = dict(self.head.nonces), []
        self.left_out = 0
        senders = sorted({sender for sender, _ in self.mempool})
        self.chance.shuffle(senders)
        for sender in senders:
            nonce = nonces.get(sender, 0)
            while (found := self.mempool.get((sender, nonce))) is not None:
                affordable = found.max_fee_wei >= self.base_fee_wei and sender not in self.broke
                if not affordable or self.chance.random() < left_out:
                    self.left_out += affordable
                    break
                chosen.append(found)
                nonce += 1
        block = self._append(chosen, timestamp_s)
        self.mempool = {
            key: waiting for key, waiting in self.mempool.items()
            if waiting.nonce >= block.nonces.get(waiting.sender, 0)
        }  # fmt: skip
        return block

    def fork(self, depth: int, lost: float) -> int:
        """Takes the newest unfinal blocks away, at most `depth`; how many.

        Their transactions go back into the mempool, each lost with that chance.
        """
        depth = min(depth, self.head.header.number - self.final_number)
        if depth < 1:
            return 0
        gone = self.blocks[-depth:]
        del self.blocks[-depth:]
        for block in gone:
            for transaction in block.transactions:
                if self.chance.random() >= lost:
                    self.mempool.setdefault((transaction.sender, transaction.nonce), transaction)
        self._look()
        return depth

    def finalise(self) -> None:
        """All there is has become final."""
        self.final_number = self.head.header.number
        self._look()

    def _append(self, transactions: list[Transaction], timestamp_s: int) -> Block:
        parent = self.blocks[-1] if self.blocks else None
        number = 0 if parent is None else parent.header.number + 1
        parent_hash = bytes(32) if parent is None else parent.header.hash
        self._salt += 1
        block_hash = sha256(parent_hash + struct.pack(">QQ", self._salt, timestamp_s)).digest()
        contracts = Contracts(self.places) if parent is None else parent.contracts.copy()
        nonces = {} if parent is None else dict(parent.nonces)
        receipts: dict[bytes, Receipt] = {}
        logs: list[Log] = []
        for index, transaction in enumerate(transactions):
            nonces[transaction.sender] = transaction.nonce + 1
            events: list[Event] = []
            succeeded = True
            try:
                events = contracts.transact(
                    transaction.sender, transaction.to, transaction.data, timestamp_s
                )
            except Reverted:
                succeeded = False
            receipts[transaction.hash] = Receipt(
                transaction.hash, number, block_hash, succeeded, 21_000, self.base_fee_wei
            )
            for event in events:
                place = (number, block_hash, transaction.hash, index, len(logs))
                logs.append(Log(event.address, event.topics, event.data, *place))
        header = Header(
            number, block_hash, parent_hash, timestamp_s, bloom(logs), self.base_fee_wei, GAS_LIMIT
        )
        block = Block(header, tuple(transactions), tuple(logs), receipts, contracts, nonces)
        self.blocks.append(block)
        self.final_number = max(self.final_number, number - self.finality_depth)
        self._look()
        return block

    def _look(self) -> None:
        self.views.append(View(tuple(self.blocks), self.final_number))


def bloom(logs: list[Log]) -> bytes:
    """The Bloom filter of a block with these logs, as the yellow paper has it."""
    bits = 0
    for log in logs:
        for item in (log.address, *log.topics):
            bits |= _bloom_bits(item)
    return bits.to_bytes(256, "big")


@lru_cache(maxsize=65_536)
def _bloom_bits(item: bytes) -> int:
    digest = keccak256(item)
    return sum({1 << (int.from_bytes(digest[at : at + 2], "big") % 2048) for at in (0, 2, 4)})
