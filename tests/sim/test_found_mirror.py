"""What seeds and real forks have found about the mirror, staged by hand."""

from __future__ import annotations

from collections.abc import Sequence

from backend.chain.codec import TOTAL_SUPPLY
from backend.chain.port import Log
from backend.chain.program_events import SIGNED_ONLY_TOPIC
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.sim.node import Node
from tests.sim.staging import Stage


def test_a_supply_of_another_fork_halts_no_mirror(stage: Stage) -> None:
    """Found by a chaos test: a fork between the block and the question about its state."""
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    world = stage.world
    for wrong, halts in ((1, False), (3, True)):
        node = _SupplyElsewhere(world.node("indexer"))
        indexer = Indexer(node, MirrorStore(world.databases.mirror), world.places.factory)
        while indexer.step().progressed:
            pass
        # Another process, whose first idle look is at the contracts.
        node.wrong = wrong
        indexer = Indexer(node, MirrorStore(world.databases.mirror), world.places.factory)
        reports = [indexer.step() for _ in range(wrong)]
        assert node.wrong == 0
        assert ("the mirror is incomplete" in str(reports[-1].halted)) is halts
        assert indexer.step().halted is None


class _SupplyElsewhere(Node):
    """So many answers about the state of a block are those of another fork."""

    def __init__(self, node: Node) -> None:
        vars(self).update(vars(node))
        self.wrong = 0

    def call_many(
        self, questions: Sequence[tuple[bytes, bytes]], block: int | None = None
    ) -> list[bytes]:
        told = super().call_many(questions, block)
        if self.wrong and any(data == TOTAL_SUPPLY for _, data in questions):
            self.wrong -= 1
            return [(int.from_bytes(answer) + 1).to_bytes(32) for answer in told]
        return told


def test_a_change_of_signing_that_a_node_kept_back_is_asked_for_again(stage: Stage) -> None:
    """Seed 400159: it moves no points, so nothing else would ever speak of it."""
    stage.settle(blocks=1)
    stage.buy()
    stage.settle(blocks=8)
    stage.ask(stage.sign(flag=True))
    stage.settle(blocks=9)
    world = stage.world
    node = _KeepsSigningBack(world.node("indexer"))
    indexer = Indexer(node, MirrorStore(world.databases.mirror), world.places.factory)
    failures = [indexer.step().failure for _ in range(12)]
    assert node.times == 0
    assert "changes of signedOnly" in " ".join(map(str, failures))
    world.auditor.check_mirror()
    stage.finish()


class _KeepsSigningBack(Node):
    """Once it leaves such changes out of an answer."""

    def __init__(self, node: Node) -> None:
        vars(self).update(vars(node))
        self.times = 1

    def logs_in_range(
        self, first_block: int, last_block: int, addresses: Sequence[bytes],
        any_topic0: Sequence[bytes],
    ) -> list[Log]:  # fmt: skip
        logs = super().logs_in_range(first_block, last_block, addresses, any_topic0)
        kept = [log for log in logs if log.topics[0] != SIGNED_ONLY_TOPIC]
        if self.times and len(any_topic0) > 1 and len(kept) < len(logs):
            self.times -= 1
            return kept
        return logs
