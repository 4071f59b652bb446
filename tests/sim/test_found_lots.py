"""What seeds have found about members' lots around a period's end, staged by hand."""

from __future__ import annotations

from collections.abc import MutableSequence
from random import Random
from typing import Any

import pytest

from backend.services.read_balance import read_balance
from backend.settlement.reconcile import reconcile
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.sim.desk import at_once
from tests.sim.staging import Stage
from tests.sim.troubles import DAY_MS, STRANGER


def test_held_points_that_had_expired_unknown_to_us_are_not_captured(stage: Stage) -> None:
    """Seed 800305."""
    member = stage.expiring_member()
    world, customers = stage.world, stage.world.customers
    stage.ask(customers.buy(member, "receipt-1", 1000))
    stage.settle()
    stage.mine()
    # For all we know the points are still on their way: the settler sleeps over two months.
    world.now_ms += 65 * DAY_MS
    hold = stage.ask(customers.redeem(member, 7, capture=False))
    stage.settle()
    balance = at_once(read_balance(world.desk.house, world.merchant_id, member))
    assert (balance.available_points, balance.held_points, balance.expiring) == (0, 7, [])
    assert stage.ask(customers.close(hold["id"], capture=True)) == "insufficient_points"
    # What comes now is the member's, and the hold takes it first.
    stage.ask(customers.buy(member, "receipt-2", 900))
    balance = at_once(read_balance(world.desk.house, world.merchant_id, member))
    assert (balance.available_points, balance.held_points) == (2, 7)
    stage.ask(customers.close(hold["id"], capture=True))
    stage.finish()


def test_what_is_on_its_way_at_a_periods_end_is_no_difference(stage: Stage) -> None:
    """Seed 830637: nobody had come by since, so the lots were those of before."""
    member = stage.expiring_member()
    world, customers = stage.world, stage.world.customers
    stage.ask(customers.buy(member, "receipt-1", 1000))
    stage.settle(blocks=2)
    stage.ask(customers.buy(member, "receipt-2", 2000))
    world.now_ms += 65 * DAY_MS
    stage.mine()
    indexer = Indexer(
        world.node("indexer"), MirrorStore(world.databases.mirror), world.places.factory
    )
    while indexer.step().progressed:
        pass
    found = reconcile(world.databases.ledger, world.databases.mirror)
    assert found.differences == []
    points = [(one.ledger_points, one.in_flight_points) for one in found.programs]
    assert sorted(points) == [(0, 0), (20, 20)]
    stage.finish()


@pytest.mark.parametrize("steps", [1, 12], ids=["noted at once", "noted late"])
def test_a_relay_is_behind_the_batch_that_brought_its_points(stage: Stage, steps: int) -> None:
    """Seed 820392: one block had both, and its second was that in which the batch was sealed."""
    member = stage.expiring_member()
    world, customers = stage.world, stage.world.customers
    stage.ask(customers.buy(member, "receipt-1", 1000))
    world.now_ms += 1_500 - world.now_ms % 1_000
    stage.settle()
    stage.ask(stage.sign(points=4))
    stage.director.troubles.relay()
    world.chain.chance = _InOrder(STRANGER)
    world.auditor.on_block(world.chain.mine(world.now_ms // 1000))
    assert len(world.chain.head.transactions) == 2
    for _ in range(steps):
        world.indexer.resume()
    stage.settle(blocks=8)
    read = at_once(read_balance(world.desk.house, world.merchant_id, member))
    assert read.available_points == 6
    stage.finish()


def test_a_mirror_on_a_fork_that_is_gone_is_not_compared(stage: Stage) -> None:
    """Seed 860202: its blocks had not the redemption, which is final in the ledger's."""
    member = stage.expiring_member()
    world, customers = stage.world, stage.world.customers
    stage.ask(customers.buy(member, "receipt-1", 1000))
    stage.settle(blocks=8)
    stage.ask(stage.sign(points=4))
    stage.settle()
    for _ in range(4):
        stage.mine(left_out=1.0)
    for _ in range(24):
        world.indexer.resume()
    stage.fork(4)
    stage.settle(blocks=12)
    node = world.node("reconciler", honest=True)
    found = reconcile(world.databases.ledger, world.databases.mirror, node)
    assert found.differences == []
    assert any("not on the chain now" in note for note in found.notes)
    stage.finish()


class _InOrder(Random):
    """Whose transactions come last in a block."""

    def __init__(self, last: bytes) -> None:
        super().__init__(0)
        self.last = last

    def shuffle(self, x: MutableSequence[Any]) -> None:
        x[:] = sorted(x, key=lambda sender: bool(sender == self.last))
