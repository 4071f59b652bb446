"""A chain in memory that forks, lags and lies on demand, as a ChainReader for the indexer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from backend.chain.codec import (
    BATCH_APPLIED_TOPIC,
    NEXT_SEQ,
    PROGRAM_CREATED_TOPIC,
    TOTAL_SUPPLY,
    TRANSFER_TOPIC,
)
from backend.chain.keccak import keccak256
from backend.chain.port import ChainRefused, Header, Log
from backend.chain.program_events import PROGRAM_RULES_TOPIC
from backend.ledger.mirror_tables import metadata

FACTORY = bytes.fromhex("fa" * 20)
ISSUER = bytes.fromhex("15" * 20)
CHAIN_ID = 31337


def word(value: int | bytes) -> bytes:
    """One ABI word."""
    return (int.from_bytes(value, "big") if isinstance(value, bytes) else value).to_bytes(32, "big")


def program_address(number: int) -> bytes:
    return (0xBB << 152 | number).to_bytes(20, "big")


def member_address(number: int) -> bytes:
    return (0xAA << 152 | number).to_bytes(20, "big")


@dataclass(frozen=True)
class RawEvent:
    """A log before it has a place in a block."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    tx: int


@dataclass(frozen=True)
class Block:
    header: Header
    logs: tuple[Log, ...]
    seqs: dict[bytes, int]
    """The last batch of each program at this block."""

    balances: dict[tuple[bytes, bytes], int]


@dataclass
class FakeChain:
    """`blocks` is the node's chain; `view` limits what the node shows; `spoil` rewrites answers."""

    blocks: list[Block] = field(default_factory=list)
    final_depth: int = 3
    view: int | None = None
    spoil: Callable[[list[Log]], list[Log]] | None = None
    state_kept: int = 10**9
    range_limit: int = 10**9
    salt: int = 0

    def __post_init__(self) -> None:
        if not self.blocks:
            self.extend()

    def extend(
        self, batches: Sequence[tuple[int, Sequence[tuple[int, int]]]] = (), programs: int = 0
    ) -> Block:
        """One more block: `programs` new programs, then batches of (program, (member, points)),
        without what would overdraw a balance or has no program."""
        parent = self.blocks[-1] if self.blocks else None
        seqs = dict(parent.seqs) if parent else {}
        balances = dict(parent.balances) if parent else {}
        events: list[RawEvent] = []
        for _ in range(programs):
            program = program_address(len(seqs))
            seqs[program] = 0
            events += [_created(program, len(events)), _rules_set(program, len(events))]
        for tx, (number, moves) in enumerate(batches, start=100):
            program = program_address(number)
            if program not in seqs:
                continue
            transfers = list(_transfers(program, moves, balances, tx))
            if transfers:
                seqs[program] += 1
                events += [*transfers, _applied(program, seqs[program], transfers, tx)]
        self.salt += 1
        block = _block(parent, events, self.salt, seqs, balances)
        self.blocks.append(block)
        return block

    def fork(self, depth: int) -> None:
        """Takes the newest blocks away; others may follow."""
        del self.blocks[len(self.blocks) - depth :]

    @property
    def visible(self) -> list[Block]:
        return self.blocks if self.view is None else self.blocks[: self.view + 1]

    def chain_id(self) -> int:
        return CHAIN_ID

    def head(self) -> Header:
        return self.visible[-1].header

    def header(self, number: int) -> Header | None:
        return self.visible[number].header if number < len(self.visible) else None

    def finalized(self) -> Header:
        return self.visible[max(0, len(self.visible) - 1 - self.final_depth)].header

    def nonce(self, address: bytes, block: int | None = None) -> int:
        assert address == FACTORY
        at = len(self.visible) - 1 if block is None else block
        if not len(self.visible) - self.state_kept <= at < len(self.visible):
            raise ChainRefused(-32000, "missing trie node")
        return 1 + len(self.visible[at].seqs)

    def logs_in_range(
        self,
        first_block: int,
        last_block: int,
        addresses: Sequence[bytes],
        any_topic0: Sequence[bytes],
    ) -> list[Log]:
        if last_block - first_block >= self.range_limit:
            raise ChainRefused(-32602, "too many blocks")
        logs = [log for block in self.visible[first_block : last_block + 1] for log in block.logs]
        return self._answer(logs, addresses, any_topic0)

    def logs_of_block(
        self, block_hash: bytes, addresses: Sequence[bytes], any_topic0: Sequence[bytes]
    ) -> list[Log]:
        logs = [
            log for block in self.visible if block.header.hash == block_hash for log in block.logs
        ]
        return self._answer(logs, addresses, any_topic0)

    def call_many(
        self, questions: Sequence[tuple[bytes, bytes]], block: int | None = None
    ) -> list[bytes]:
        return [self.call(to, data, block) for to, data in questions]

    def call(
        self, to: bytes, data: bytes, block: int | None = None, sender: bytes | None = None
    ) -> bytes:
        assert data in (NEXT_SEQ, TOTAL_SUPPLY)
        assert sender is None
        number = len(self.visible) - 1 if block is None else block
        if number < len(self.visible) - self.state_kept or number >= len(self.visible):
            raise ChainRefused(-32602, "no such state")
        if data == NEXT_SEQ:
            return word(self.visible[number].seqs[to] + 1)
        balances = self.visible[number].balances
        return word(sum(points for (program, _), points in balances.items() if program == to))

    def code(self, address: bytes) -> bytes:
        raise NotImplementedError

    def balance_wei(self, address: bytes) -> int:
        raise NotImplementedError

    def _answer(
        self, logs: list[Log], addresses: Sequence[bytes], topics: Sequence[bytes]
    ) -> list[Log]:
        found = [log for log in logs if log.address in addresses and log.topics[0] in topics]
        return found if self.spoil is None else self.spoil(found)


def dump(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the mirror, in order."""
    with engine.connect() as connection:
        return {
            table.name: sorted(tuple(row) for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
        }


def mirrored_balances(engine: Engine) -> dict[tuple[bytes, bytes], int]:
    """The mirror's balances, addresses as bytes."""
    rows = dump(engine)["mirror_balances"]
    return {
        (bytes.fromhex(program[2:]), bytes.fromhex(member[2:])): points
        for program, member, points, *_ in rows
    }


def _transfers(
    program: bytes,
    moves: Sequence[tuple[int, int]],
    balances: dict[tuple[bytes, bytes], int],
    tx: int,
) -> list[RawEvent]:
    events = []
    for number, points in moves:
        member = member_address(number)
        if points == 0 or balances.get((program, member), 0) + points < 0:
            continue
        balances[program, member] = balances.get((program, member), 0) + points
        sides = (word(0), word(member)) if points > 0 else (word(member), word(0))
        events.append(RawEvent(program, (TRANSFER_TOPIC, *sides), word(abs(points)), tx))
    return events


def _applied(program: bytes, seq: int, transfers: Sequence[RawEvent], tx: int) -> RawEvent:
    minted = sum(int.from_bytes(t.data, "big") for t in transfers if t.topics[1] == word(0))
    burned = sum(int.from_bytes(t.data, "big") for t in transfers if t.topics[2] == word(0))
    data = word(seq * 7) + word(len(transfers)) + word(minted) + word(burned)
    return RawEvent(program, (BATCH_APPLIED_TOPIC, word(seq)), data, tx)


def _created(program: bytes, tx: int) -> RawEvent:
    text = word(5) + b"Cafe\x00".ljust(32, b"\0")
    data = word(1) + word(128) + word(192) + word(0) + text + text
    topics = (PROGRAM_CREATED_TOPIC, word(program), word(ISSUER), word(program))
    return RawEvent(FACTORY, topics, data, tx)


def _rules_set(program: bytes, tx: int) -> RawEvent:
    """Points that never expire; the strings are left out."""
    return RawEvent(FACTORY, (PROGRAM_RULES_TOPIC, word(program)), word(32) + word(0) * 14, tx)


def _block(
    parent: Block | None,
    events: Sequence[RawEvent],
    salt: int,
    seqs: dict[bytes, int],
    balances: dict[tuple[bytes, bytes], int],
) -> Block:
    number = 0 if parent is None else parent.header.number + 1
    parent_hash = bytes(32) if parent is None else parent.header.hash
    block_hash = hashlib.sha256(parent_hash + salt.to_bytes(8, "big")).digest()
    logs = tuple(
        Log(
            event.address,
            event.topics,
            event.data,
            number,
            block_hash,
            hashlib.sha256(block_hash + event.tx.to_bytes(8, "big")).digest(),
            event.tx,
            index,
        )
        for index, event in enumerate(events)
    )
    header = Header(number, block_hash, parent_hash, 1_700_000_000 + number, bloom(logs), 0, 0)
    return Block(header, logs, seqs, balances)


def bloom(logs: Sequence[Log]) -> bytes:
    """The Bloom filter of a block with these logs, as the yellow paper has it."""
    bits = 0
    for log in logs:
        for item in (log.address, *log.topics):
            digest = keccak256(item)
            for start in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[start : start + 2], "big") % 2048)
    return bits.to_bytes(256, "big")
