"""What seeds have found about signatures and calls, staged by hand."""

from __future__ import annotations

from typing import Any

from backend.chain.codec import NEXT_SEQ
from backend.chain.port import CallReverted
from backend.settlement.calls import REFUSALS_BEFORE_PARKING
from backend.settlement.reconcile import reconcile
from tests.sim.contracts import PAUSE, SET_SIGNED_ONLY_SIGNED, UNPAUSE
from tests.sim.desk import Desk
from tests.sim.evm import Reverted, word
from tests.sim.node import Node
from tests.sim.staging import Stage
from tests.sim.troubles import DAY_MS


def test_a_signed_redemption_is_refunded_when_it_is_final_and_not_before(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    done = stage.ask(stage.sign(points=5))
    refund = stage.world.customers.refund(done["id"])
    assert stage.ask(refund) == "consent_in_flight"
    stage.settle(blocks=2)
    # It is on the chain, and a fork may yet end it for good.
    assert stage.ask(refund) == "consent_in_flight"
    stage.settle(blocks=8)
    assert stage.ask(refund)["points"] == 5
    stage.finish()


def test_what_a_lagging_node_refuses_is_not_given_up(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    stage.ask(stage.sign(flag=True))
    node = _Lags(stage.world.node("lags"), REFUSALS_BEFORE_PARKING)
    settler = stage.world.new_settler(node)
    for _ in range(20):
        assert settler.step().parked_calls == []
        stage.mine()
    assert node.refusals == 0
    stage.finish()


class _Lags(Node):
    """Some answers about a signature are those of a state in which it is none."""

    def __init__(self, node: Node, refusals: int) -> None:
        vars(self).update(vars(node))
        self.refusals = refusals

    def call(self, to: bytes, data: bytes, *of: Any, **more: Any) -> bytes:
        if data[:4] == SET_SIGNED_ONLY_SIGNED and self.refusals:
            self.refusals -= 1
            said = Reverted("BadSignature(address)", bytes(20))
            raise CallReverted(3, "execution reverted", said.data)
        return super().call(to, data, *of, **more)


def test_a_badge_that_a_group_revokes_is_not_held_by_its_next_request(stage: Stage) -> None:
    """Seed 500202: what is revoked a moment before is on its way, and not held."""
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    badge = stage.ask(stage.wallets.issue(stage.member, 2))["badge"]
    stage.settle(blocks=9)
    revoke, again = stage.wallets.revoke(badge), stage.wallets.issue(stage.member, 2)
    stage.world.till.ask([revoke, again])
    stage.finish()


def test_a_fork_undoes_a_refusal(stage: Stage) -> None:
    """Seed 500203: what a fork had relayed, and the next one again, was no reason to give up."""
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    stage.ask(stage.sign(points=5))
    stage.director.troubles.relay()
    stage.mine()
    settler = stage.world.new_settler(stage.world.node("settler"))
    settler.step()
    stage.fork(1, lost=1.0)
    # Nothing is tried for as long as a fork takes to be final.
    for _ in range(8):
        stage.mine()
    stage.director.troubles.relay()
    for _ in range(4):
        stage.mine()
        for _ in range(12):
            stage.world.indexer.resume()
        assert settler.step().parked_calls == []
    stage.finish()


def test_who_asked_to_sign_is_believed_while_the_mirror_is_on_another_fork(stage: Stage) -> None:
    """Seed 700966: of the block that had the change, the mirror knew one without it."""
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    world = stage.world
    stage.ask(stage.sign(flag=True))
    stage.settle()
    # A block without it, which the mirror follows, and one with it in its place.
    stage.mine(left_out=1.0)
    for _ in range(24):
        world.indexer.resume()
    stage.fork(1)
    stage.settle(blocks=1)
    asked = world.customers.redeem(stage.member, 5, True)
    assert stage.ask(asked) == "signature_required"
    stage.finish()


def test_a_call_waits_for_the_one_before_it(stage: Stage) -> None:
    """Their nonces follow: what comes second is refused as long as the first one is not there."""
    stage.settle(blocks=1)
    world = stage.world
    stage.buy()
    stage.settle(blocks=3)
    stage.ask(stage.sign(points=5))
    stage.settle(blocks=1)
    # It is on the chain: the next signature is over the next nonce.
    stage.ask(stage.sign(flag=True))
    stage.fork(4, lost=1.0)
    used = world.chain.head.nonces[world.lanes[0].address]
    stage.use_nonce(used)
    stage.use_nonce(used + 1)
    # The purchase is not minted for days, and the redemption waits for it.
    stage.director.troubles.pause(PAUSE)
    stage.mine()
    for _ in range(20):
        world.now_ms += 3000
        stage.settle(blocks=1)
    assert world.books.calls.parked == {}
    assert not world.chain.head.contracts.programs[_contract(stage)].words
    stage.director.troubles.pause(UNPAUSE)
    stage.finish()
    assert world.books.calls.parked == {}


def test_a_node_that_has_no_such_program_is_silent_about_a_rebind(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    rebind = stage.wallets.rebind(stage.wallets.wallet(stage.member), signs=False)
    stage.fork(1)
    assert stage.ask(rebind) == "chain_unavailable"
    stage.world.now_ms += DAY_MS
    stage.settle(blocks=3)
    assert "id" in stage.ask(rebind)
    stage.finish()


def test_a_batch_between_two_questions_is_no_wrong_signature(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=3)
    world = stage.world
    node = _OneBatchBehind(world.node("desk"))
    stage.wallets.desk = Desk(
        world.databases, world.vault, world.clock, world.new_id, world.till.entropy,
        (node, world.deployment),
    )  # fmt: skip
    rebind = stage.wallets.rebind(stage.wallets.wallet(stage.member), signs=False)
    assert stage.ask(rebind) == "chain_unavailable"
    assert "id" in stage.ask(rebind)
    stage.finish()


class _OneBatchBehind(Node):
    """Its first answer about the next batch is that of the block before."""

    def __init__(self, node: Node) -> None:
        vars(self).update(vars(node))
        self.behind = 1

    def call(self, to: bytes, data: bytes, *of: Any, **more: Any) -> bytes:
        answer = super().call(to, data, *of, **more)
        if data[:4] == NEXT_SEQ:
            behind, self.behind = self.behind, 0
            return word(int.from_bytes(answer, "big") - behind)
        return answer


def test_an_empty_mirror_lacks_what_was_signed(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=3)
    stage.ask(stage.sign(points=5))
    databases = stage.world.databases
    assert reconcile(databases.ledger, databases.mirror).differences == []
    stage.finish()


def test_what_was_signed_is_in_flight_when_its_program_is_undone(stage: Stage) -> None:
    stage.settle(blocks=1)
    stage.buy()
    stage.ask(stage.sign(points=5))
    stage.fork(1, lost=1.0)
    stage.use_nonce(0)
    world, had_contract = stage.world, set()
    (program,) = world.books.programs
    for _ in range(12):
        stage.mine()
        stage.settle()
        had_contract.add(world.auditor.has_contract(program))
        assert reconcile(world.databases.ledger, world.databases.mirror).differences == []
    assert had_contract == {True, False}
    stage.finish()


def _contract(stage: Stage) -> bytes:
    (contract,) = stage.world.chain.head.contracts.programs
    return contract
