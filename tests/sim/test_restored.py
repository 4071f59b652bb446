"""A ledger of an older day, where points expire: what it lost comes back from the chain as it is.

Periods have ended between the backup and its restore, in one as much as in the other: lapses that
the lost ledger had posted, words that took less because points were gone, holds that kept some.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from backend.chain.fees import FeePolicy, Fees
from backend.chain.sent import SentTransaction
from backend.core.expiry import MemberWord
from backend.ledger.group_commit import Claim, GroupCommitter
from backend.services.create_program import ProgramTerms
from backend.services.program_rules import Expiry, ProgramRules
from backend.settlement.lanes import Parts
from backend.settlement.reconcile import reconcile
from backend.settlement.reimport import ReimportReport, reimport
from backend.settlement.settler import Settler
from backend.settlement.view import ChainView
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.ledger_audit import audit, records_of
from tests.sim.chain import read_transaction
from tests.sim.database import Databases
from tests.sim.node import Node
from tests.sim.staging import Stage, staged
from tests.sim.troubles import DAY_MS
from tests.sim.world import CAP_WEI, World

EXPIRIES = [Expiry(), Expiry(1, 1, "Europe/Paris"), Expiry(1, 2, "UTC"), Expiry(3, 2, "UTC")]
ACTS_BEFORE, ACTS_LOST = 25, 25


class _Remembers(Node):
    """A node that tells the signed bytes of what it was sent."""

    def __init__(self, node: Node) -> None:
        vars(self).update(vars(node))
        self.raws: dict[bytes, bytes] = {}

    def send_raw(self, raw_transaction: bytes) -> None:
        self.raws[read_transaction(raw_transaction).hash] = raw_transaction
        super().send_raw(raw_transaction)

    def raw_transaction(self, tx_hash: bytes) -> bytes:
        return self.raws[tx_hash]


def _read_sent(raw: bytes) -> SentTransaction:
    sent = read_transaction(raw)
    fees = Fees(sent.max_fee_wei, sent.tip_wei)
    return SentTransaction(
        raw, sent.hash, sent.sender, sent.nonce, sent.to, sent.data, 1_000_000, fees
    )


@dataclass
class Scene:
    world: World
    chance: Random
    node: _Remembers = field(init=False)
    settler: Settler = field(init=False)

    def __post_init__(self) -> None:
        self.world.stage.calm = True
        self.node = _Remembers(self.world.node("settler"))
        self.restart()

    def restart(self) -> None:
        self.settler = self.world.new_settler(self.node)

    def settle(self, blocks: int) -> None:
        for _ in range(blocks):
            self.settler.step()
            self.world.now_ms += 1000
            self.world.chain.mine(self.world.now_ms // 1000)

    def live(self, acts: int) -> None:
        """Customers come and go, and now and then weeks pass."""
        for _ in range(acts):
            self.world.till.ask([self.world.customers.draw()])
            if self.chance.random() < 0.5:
                self.settle(self.chance.choice([1, 2, 3]))
            if self.chance.random() < 0.15:
                self.world.now_ms += self.chance.choice([1, 9, 20, 40]) * DAY_MS

    def reimport(self) -> ReimportReport:
        world = self.world
        parts = Parts(
            world.databases.ledger, self.node, ChainView(self.node), world.deployment,
            FeePolicy(CAP_WEI), world.clock, world.new_id,
        )  # fmt: skip
        return reimport(parts, self.node)

    def buy(self) -> None:
        """A purchase of somebody whom the ledger knows."""
        world = self.world
        rows = records_of(world.databases.ledger, "members")
        for row in self.chance.sample(rows, k=min(2, len(rows))):
            request = world.customers.buy(row["id"], f"after-{row['id']}", 1000)
            key = f"after {row['id']}"
            command = request.build(Claim(world.merchant_id, key, key))
            engine, vault = world.databases.ledger, world.vault
            committer = GroupCommitter(engine, vault, world.clock, world.new_id)
            (outcome,) = committer.execute([command])
            assert not isinstance(outcome, Exception), outcome


@pytest.fixture
def scene(run_databases: Databases) -> Iterator[Stage]:
    yield from staged(run_databases)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_backup_lacks_comes_back_whatever_has_expired_since(
    scene: Stage, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("backend.settlement.reimport.read_sent", _read_sent)
    world, chance = scene.world, Random(f"restored {seed}")
    world.customers.chance = chance
    for number, expiry in enumerate(EXPIRIES):
        rules = ProgramRules(expiry)
        world.open_program(ProgramTerms(f"Shop {number}", "PTS", "EUR", 1, 100, 900, rules))
    stage = Scene(world, chance)
    stage.settle(12)
    stage.live(ACTS_BEFORE)
    if chance.random() < 0.5:
        stage.settle(8)
    backup = sqlite3.connect(":memory:")
    live = sqlite3.connect(world.databases.folder / "ledger.db")
    live.backup(backup)
    stage.live(ACTS_LOST)
    stage.settle(8)
    _follow(world)

    backup.backup(live)
    live.close()
    stage.restart()
    stage.settle(1)
    stage.buy()
    stage.settle(2)
    report = stage.reimport()
    assert report.left == []
    stage.settle(10)
    _follow(world)
    _same_everywhere(world)
    again = stage.reimport()
    assert (again.batches, again.complete) == ([], True)
    # The mirror halts nothing, and life goes on.
    world.now_ms += 70 * DAY_MS
    stage.settle(10)
    _follow(world)
    _same_everywhere(world)


def _follow(world: World) -> None:
    store = MirrorStore(world.databases.mirror)
    indexer = Indexer(world.node("indexer"), store, world.places.factory)
    while (report := indexer.step()).progressed:
        assert report.failure is None


def _same_everywhere(world: World) -> None:
    engine = world.databases.ledger
    audit(engine)
    node = world.node("auditor", honest=True)
    found = reconcile(engine, world.databases.mirror, node, members_on_chain=-1)
    assert (found.differences, found.notes) == ([], [])
    assert [row for row in records_of(engine, "outbox") if row["batch_id"] is None] == []
    addresses = {row["id"]: row["address"] for row in records_of(engine, "members")}
    contracts = world.auditor.contracts()
    for row in records_of(engine, "balances"):
        program = world.chain.head.contracts.programs[contracts[row["program_id"]]]
        address = bytes.fromhex(addresses[row["member_id"]][2:])
        held = program.word_now(address, world.now_ms // 1000)
        lots = MemberWord(row["period"], buckets=tuple(row[f"lot_{age}"] for age in range(5)))
        assert lots.aged(program.calendar, max(held.period, lots.period)).buckets == held.buckets
