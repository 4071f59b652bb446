"""What seeds have found about nonces and receipts, staged by hand."""

from __future__ import annotations

import pytest

from backend.chain.port import Receipt
from tests.sim.node import Node
from tests.sim.staging import Stage


@pytest.mark.parametrize("stays", [True, False])
def test_a_gap_that_a_fork_leaves_below_our_nonce_is_filled(stage: Stage, stays: bool) -> None:
    """Seed 210183: somebody else used the nonce before ours, and a fork forgot them."""
    stage.use_nonce(0)
    stage.mine()
    # The creation goes out with nonce 1.
    stage.settle()
    assert (stage.world.lanes[0].address, 1) in stage.world.chain.mempool
    stage.fork(1, lost=0.0 if stays else 1.0)
    stage.mine()
    stage.settle(blocks=3)
    stage.buy()
    stage.finish()


def test_a_receipt_that_a_node_denies_does_not_end_what_was_done(stage: Stage) -> None:
    """Seed 210027: a call's transaction, final, of which a node knew nothing when it was asked."""
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    issue = stage.wallets.issue(stage.member, 2)
    stage.ask(issue)
    stage.settle()
    for _ in range(7):
        stage.mine()
    node = _Denies(stage.world.node("denies"))
    node.times = 1
    assert stage.world.new_settler(node).step().reverted == 0
    assert node.times == 0
    stage.finish()
    assert stage.world.books.calls.parked == {}


class _Denies(Node):
    """For so many questions it knows no receipt."""

    def __init__(self, node: Node) -> None:
        vars(self).update(vars(node))
        self.times = 0

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        if self.times:
            self.times -= 1
            return None
        return super().receipt(tx_hash)
