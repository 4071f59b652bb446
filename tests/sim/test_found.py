"""What seeds have found, staged by hand on the same stage, without chance."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from backend.chain.port import ChainUnavailable, Header, Log
from backend.ledger import outbox
from backend.settlement.report import StepReport as SettlerReport
from backend.settlement.view import ChainView
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.sim.node import Node
from tests.sim.staging import Stage
from tests.sim.troubles import DAY_MS


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


def test_an_inclusion_seen_after_the_periods_end_takes_the_lots_to_where_they_are(
    stage: Stage,
) -> None:
    world, customers = stage.world, stage.world.customers
    member = stage.expiring_member()
    world.till.ask([customers.buy(member, "receipt-1", 1000)])
    stage.settle(blocks=1)
    world.till.ask([customers.buy(member, "receipt-2", 2000)])
    stage.settle()
    stage.mine()
    # The settler sleeps over two periods' ends, and the member comes by before it wakes.
    world.now_ms += 65 * DAY_MS
    world.till.ask([customers.buy(member, "receipt-3", 300)])
    stage.settle()
    assert world.chain.head.contracts.programs
    stage.finish()


def test_a_creation_sealed_twice_leaves_the_program_its_contract(stage: Stage) -> None:
    stage.settle()
    world = stage.world
    other = world.new_settler(world.node("other settler"))
    other.step()
    with world.databases.ledger.connect() as connection:
        (program,) = outbox.programs_without_contract(connection)
    # Another settler had looked before the first one sealed.
    assert other._creator.seal(other._lanes[0], 1, program, SettlerReport())
    stage.settle(blocks=10)
    assert world.chain.head.nonces[world.lanes[0].address] == 2
    stage.buy()
    stage.finish()


def test_a_return_that_comes_after_its_points_expired_is_no_difference(stage: Stage) -> None:
    world, customers = stage.world, stage.world.customers
    member = stage.expiring_member()
    world.till.ask([customers.buy(member, "receipt-1", 1000)])
    stage.settle(blocks=1)
    (purchase,) = world.books.purchases
    world.till.ask([customers.take_back(purchase)])
    stage.settle()
    # Sent in time, and in no block for two months.
    world.now_ms += 65 * DAY_MS
    stage.settle(blocks=1)
    stage.finish()


@pytest.mark.parametrize("lies", [1, 2, 6])
def test_a_program_left_out_of_final_history_is_asked_for_again(stage: Stage, lies: int) -> None:
    stage.settle(blocks=1)
    stage.world.chain.finalise()
    node = _LeavesOut(stage.world.node("indexer"), lies)
    store = MirrorStore(stage.world.databases.mirror)
    indexer = Indexer(node, store, stage.world.places.factory)
    for _ in range(4 + lies):
        indexer.step()
    assert node.lies == 0
    stage.world.auditor.check_mirror()


class _LeavesOut(Node):
    """Its first answers about logs have none."""

    def __init__(self, node: Node, lies: int) -> None:
        vars(self).update(vars(node))
        self.lies = lies

    def logs_in_range(self, *question: Any) -> list[Log]:
        found = super().logs_in_range(*question)
        if not self.lies:
            return found
        self.lies -= 1
        return []


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


def test_a_fork_between_two_questions_makes_nothing_final(stage: Stage) -> None:
    node = _Asleep(stage)
    store = MirrorStore(stage.world.databases.mirror)
    indexer = Indexer(node, store, stage.world.places.factory)
    assert indexer.step().top_block == 0
    stage.mine()
    node.falls_asleep = True
    for _ in range(8):
        assert indexer.step().halted is None
    assert indexer.step().top_block == stage.world.chain.head.header.number
    stage.world.auditor.check_mirror()


def test_a_header_of_another_fork_is_not_taken_for_the_final_block(stage: Stage) -> None:
    world = stage.world
    stage.mine()
    node = _HeaderElsewhere(world.node("indexer"))
    indexer = Indexer(node, MirrorStore(world.databases.mirror), world.places.factory)
    while indexer.step().progressed:
        pass
    stage.mine()
    elsewhere = world.chain.head.header
    node.elsewhere.append(elsewhere)
    stage.fork(1)
    for _ in range(3):
        stage.mine()
    world.chain.final_number = elsewhere.number
    stage.mine()
    for _ in range(8):
        assert indexer.step().halted is None
    assert not node.elsewhere
    assert indexer.step().top_block == world.chain.head.header.number
    world.auditor.check_mirror()


class _HeaderElsewhere(Node):
    """One answer about a block is that of a node on another fork."""

    def __init__(self, node: Node) -> None:
        vars(self).update(vars(node))
        self.elsewhere: list[Header] = []

    def header(self, number: int) -> Header | None:
        if self.elsewhere and number == self.elsewhere[0].number:
            return self.elsewhere.pop()
        return super().header(number)


def test_the_settler_calls_nothing_final_that_a_fork_took_away(stage: Stage) -> None:
    stage.mine()
    node = _Asleep(stage)
    view = ChainView(node)
    node.falls_asleep = True
    view.refresh()
    with pytest.raises(ChainUnavailable):
        view.finalized_number()
    view.refresh()
    assert view.finalized_number() == view.head.number - 2


class _Asleep(Node):
    """Between two questions the process sleeps: a fork happens and becomes final."""

    def __init__(self, stage: Stage) -> None:
        world = stage.world
        super().__init__("asleep", world.chain, world.stage, Random(0), world.weather)
        self._scene = stage
        self.falls_asleep = False

    def head(self) -> Header:
        found = super().head()
        if self.falls_asleep:
            self.falls_asleep = False
            self._scene.fork(1)
            self._scene.mine()
            self._scene.mine()
            self._scene.world.chain.final_number = found.number
            self._scene.mine()
        return found


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
