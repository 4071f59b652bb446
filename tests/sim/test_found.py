"""What seeds have found, staged by hand on the same stage, without chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from backend.chain.port import Header
from backend.settlement.view import ChainView
from tests.sim.chain import GWEI, Transaction
from tests.sim.chance import Plan, plan_of
from tests.sim.database import Databases
from tests.sim.final_audit import audit_everything
from tests.sim.node import Node
from tests.sim.simulation import Director
from tests.sim.world import CAP_WEI, World

_RATES: dict[str, Any] = {f.name: 0.0 for f in fields(Plan) if f.type == "float"}


class Stage:
    """A world without faults but those that a test asks for."""

    def __init__(self, databases: Databases) -> None:
        plan = replace(
            plan_of(0), **_RATES, finality_depth=6, settlers=1, lanes=1, programs=1, members=1
        )
        self.world = World(0, plan, databases)
        self.director = Director(0, self.world)

    def settle(self, blocks: int = 0) -> None:
        """A pass of the settler, then so many blocks with a pass after each."""
        self.world.settlers[0].resume()
        for _ in range(blocks):
            self.mine()
            self.world.settlers[0].resume()

    def mine(self) -> None:
        self.world.now_ms += 1000
        self.world.auditor.on_block(self.world.chain.mine(self.world.now_ms // 1000))

    def fork(self, depth: int, lost: float = 0.0) -> None:
        assert self.world.chain.fork(depth, lost) == depth

    def use_nonce(self, nonce: int) -> None:
        """Somebody else's transaction with the lane's key."""
        sender = self.world.lanes[0].address
        stranger = Transaction(b"\x07" * 32, sender, nonce, sender, b"", CAP_WEI, GWEI)
        self.world.chain.mempool[sender, nonce] = stranger

    def buy(self) -> None:
        """A new member, and a purchase of theirs."""
        till, customers = self.world.till, self.world.customers
        (program,) = self.world.books.programs
        till.ask([customers.enrol(program, "customer-1")])
        (member,) = self.world.books.members
        till.ask([customers.buy(member, "receipt", 1000)])

    def finish(self) -> None:
        self.director.calm_down()
        audit_everything(self.world)


@pytest.fixture
def stage(run_databases: Databases) -> Iterator[Stage]:
    made = Stage(run_databases)
    yield made
    made.world.close()


def test_a_creation_undone_is_sent_again(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.fork(1, lost=1.0)
    stage.world.now_ms += 60_000
    stage.settle()
    stage.buy()
    stage.finish()


def test_a_creation_undone_and_its_nonce_used_is_made_again(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    assert stage.world.auditor.contracts()
    stage.fork(1, lost=1.0)
    stage.use_nonce(0)
    stage.finish()


def test_a_batch_on_a_creation_undone_waits_for_the_next(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=1)
    stage.fork(2, lost=1.0)
    stage.use_nonce(0)
    stage.finish()


def test_a_hash_of_another_fork_is_not_believed_for_ever(stage: Stage) -> None:
    for _ in range(4):
        stage.mine()
    elsewhere = stage.world.chain.blocks[2].header
    stage.fork(3)
    for _ in range(5):
        stage.mine()
    node = _OnceElsewhere(stage.world.node("settler"), elsewhere)
    view = ChainView(node)  # type: ignore[arg-type] # two of its questions are all it asks
    view.refresh()
    assert view.canonical_hash(2) == elsewhere.hash
    stage.mine()
    view.refresh()
    assert view.canonical_hash(2) == stage.world.chain.blocks[2].header.hash


class _OnceElsewhere:
    """Behind one URL, one answer comes from a node on another fork."""

    def __init__(self, node: Node, elsewhere: Header) -> None:
        self._node = node
        self._elsewhere: Header | None = elsewhere

    def head(self) -> Header:
        return self._node.head()

    def header(self, number: int) -> Header | None:
        elsewhere, self._elsewhere = self._elsewhere, None
        return elsewhere or self._node.header(number)
