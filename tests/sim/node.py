"""The chain as one client gets to see it: late, broken, stale, and sometimes a lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from backend.chain.port import CallReverted, ChainRefused, ChainUnavailable, Header, Log, Receipt
from tests.sim.chain import CHAIN_ID, GWEI, Block, Chain, View, read_transaction
from tests.sim.evm import NOBODY, Reverted
from tests.sim.stage import Stage

T = TypeVar("T")

_REVERTED = 3


@dataclass
class Weather:
    """What all nodes suffer from together."""

    unreachable: bool = False


class Node:
    """A ChainWriter. Every question is a seam, and every answer may fail in its own way."""

    def __init__(
        self,
        name: str,
        chain: Chain,
        stage: Stage,
        chance: Random,
        weather: Weather,
        honest: bool = False,
    ) -> None:
        """An honest node fails and is late, but is never stale and never lies."""
        self._name = name
        self._chain = chain
        self._stage = stage
        self._chance = chance
        self._weather = weather
        self._honest = honest
        self.on_send: Callable[[bytes], None] = lambda _: None

    def chain_id(self) -> int:
        return self._ask("chain_id", lambda _: CHAIN_ID)

    def head(self) -> Header:
        return self._ask("head", lambda view: view.head.header)

    def header(self, number: int) -> Header | None:
        def answer(view: View) -> Header | None:
            return view.blocks[number].header if number < len(view.blocks) else None

        return self._ask(f"header {number}", answer, lambda _: None)

    def finalized(self) -> Header:
        return self._ask("finalized", lambda view: view.blocks[max(0, view.final_number)].header)

    def logs_in_range(
        self,
        first_block: int,
        last_block: int,
        addresses: Sequence[bytes],
        any_topic0: Sequence[bytes],
    ) -> list[Log]:
        def answer(view: View) -> list[Log]:
            if last_block >= len(view.blocks):
                raise ChainRefused(-32000, "block range extends beyond the head")
            return _matching(view.blocks[first_block : last_block + 1], addresses, any_topic0)

        return self._ask(f"logs {first_block}-{last_block}", answer, self._spoiled)

    def logs_of_block(
        self, block_hash: bytes, addresses: Sequence[bytes], any_topic0: Sequence[bytes]
    ) -> list[Log]:
        def answer(view: View) -> list[Log]:
            found = [block for block in view.blocks if block.header.hash == block_hash]
            if not found:
                raise ChainRefused(-32000, "unknown block")
            return _matching(found, addresses, any_topic0)

        return self._ask(f"logs of {block_hash.hex()[:6]}", answer, self._spoiled)

    def call(
        self, to: bytes, data: bytes, block: int | None = None, sender: bytes | None = None
    ) -> bytes:
        def answer(view: View) -> bytes:
            at = _block_of(view, block)
            try:
                return at.contracts.view(sender or NOBODY, to, data, at.header.timestamp_s)
            except Reverted as revert:
                raise CallReverted(_REVERTED, "execution reverted", revert.data) from revert

        return self._ask(f"call {data[:4].hex()} at {block}", answer, lambda _: b"")

    def call_many(
        self, questions: Sequence[tuple[bytes, bytes]], block: int | None = None
    ) -> list[bytes]:
        def answer(view: View) -> list[bytes]:
            at = _block_of(view, block)
            now = at.header.timestamp_s
            try:
                return [at.contracts.view(NOBODY, to, data, now) for to, data in questions]
            except Reverted as revert:
                raise CallReverted(_REVERTED, "execution reverted", revert.data) from revert

        return self._ask(f"{len(questions)} calls at {block}", answer)

    def code(self, address: bytes) -> bytes:
        return self._ask(
            "code", lambda view: b"\x60" if view.head.contracts.has_code(address) else b""
        )

    def balance_wei(self, address: bytes) -> int:
        return self._ask("balance", lambda _: 0 if address in self._chain.broke else 10**20)

    def nonce(self, address: bytes, block: int | None = None) -> int:
        def answer(view: View) -> int:
            at = _block_of(view, block)
            if address == at.contracts.places.factory:
                return 1 + len(at.contracts.programs)
            return at.nonces.get(address, 0)

        return self._ask(f"nonce at {block}", answer)

    def estimate_gas(self, to: bytes, data: bytes, sender: bytes) -> int:
        self.call(to, data, sender=sender)
        return 1_000_000

    def priority_fee_wei(self) -> int:
        return self._ask("priority fee", lambda _: GWEI)

    def send_raw(self, raw_transaction: bytes) -> None:
        """What fails after it was carried out has reached the mempool all the same."""
        self.on_send(raw_transaction)
        transaction = read_transaction(raw_transaction)

        def answer(_: View) -> None:
            self._chain.submit(transaction)

        self._ask(f"send {transaction.hash.hex()[:6]} nonce {transaction.nonce}", answer)

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        def answer(view: View) -> Receipt | None:
            for block in reversed(view.blocks):
                if tx_hash in block.receipts:
                    return block.receipts[tx_hash]
            return None

        return self._ask(f"receipt {tx_hash.hex()[:6]}", answer, lambda _: None)

    def _ask(
        self, question: str, answer: Callable[[View], T], lie: Callable[[T], T] | None = None
    ) -> T:
        stage, plan = self._stage, self._stage.plan
        actor = stage.running
        assert actor is None or not actor.transactions, f"{question} inside a transaction"
        stage.seam(f"{self._name}: {question}")
        if stage.calm:
            return answer(self._chain.view)
        if self._weather.unreachable:
            raise ChainUnavailable("no route to the node")
        draw = self._chance.random()
        if draw < plan.rpc_error / 2:
            self._note(question, "fails")
            stage.faults["call fails"] += 1
            raise ChainUnavailable("connection refused")
        view = self._chain.view
        if not self._honest and self._chance.random() < plan.rpc_stale:
            view = self._chance.choice(self._chain.views)
            self._note(question, f"as of {view.head.header.number}")
            stage.faults["stale answer"] += 1
        result = answer(view)
        if draw < plan.rpc_error:
            self._note(question, "is carried out and times out")
            stage.faults["call carried out and timed out"] += 1
            raise ChainUnavailable("read timed out")
        lying = lie is not None and not self._honest
        if lying and self._chance.random() < plan.rpc_lie:
            self._note(question, "is lied about")
            stage.faults["lie"] += 1
            result = lie(result) if lie is not None else result
        return result

    def _note(self, question: str, what: str) -> None:
        self._stage.trace.note(f"{self._name}: {question} {what}")

    def _spoiled(self, logs: list[Log]) -> list[Log]:
        """Logs left out, given twice, or none at all."""
        if not logs:
            return logs
        at = self._chance.randrange(len(logs))
        how = self._chance.randrange(3)
        if how == 0:
            return []
        return logs[:at] + logs[at + 1 :] if how == 1 else [*logs, logs[at]]


def _block_of(view: View, number: int | None) -> Block:
    if number is None:
        return view.head
    if not 0 <= number < len(view.blocks):
        raise ChainRefused(-32000, f"header not found: {number}")
    return view.blocks[number]


def _matching(
    blocks: Sequence[Block], addresses: Sequence[bytes], any_topic0: Sequence[bytes]
) -> list[Log]:
    wanted, topics = set(addresses), set(any_topic0)
    return [
        log
        for block in blocks
        for log in block.logs
        if (not wanted or log.address in wanted) and (not topics or log.topics[0] in topics)
    ]
