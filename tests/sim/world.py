"""The stage set: a chain, the house's real parts around it, and the faults of one seed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from random import Random

from sqlalchemy.exc import OperationalError

from backend.chain.contracts import Deployment
from backend.chain.fees import FeePolicy
from backend.core.calendar import Calendar
from backend.core.ids import ENTROPY_BYTES, make_id
from backend.ledger.engine import writing
from backend.ledger.group_commit import GroupCommitter
from backend.ledger.merchants import add_merchant
from backend.ledger.vault import Vault
from backend.services.create_program import CreateProgram, ProgramTerms
from backend.services.program_rules import Expiry, Limits, ProgramRules
from backend.settlement.reconcile import reconcile
from backend.settlement.report import StepReport as SettlerReport
from backend.settlement.settler import Settler
from indexer.loop import Indexer
from indexer.report import StepReport as IndexerReport
from indexer.store import MirrorStore
from tests.sim.auditor import Auditor
from tests.sim.books import Books, ProgramBook
from tests.sim.call_book import CallBook
from tests.sim.chain import CHAIN_ID, GWEI, Chain, SimSigner
from tests.sim.chance import Entropy, Plan
from tests.sim.contracts import Places
from tests.sim.customers import Customers
from tests.sim.database import Databases
from tests.sim.desk import Desk
from tests.sim.node import Node, Weather
from tests.sim.stage import Actor, Stage, Trace
from tests.sim.till import Till

START_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
CAP_WEI = 50 * GWEI
_ADMIN = b"\xad" * 20


class Resting(threading.Event):
    """What a loop waits on between two steps: the turn goes to somebody else."""

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self._actor = actor

    def is_set(self) -> bool:
        return self._actor.stopping

    def wait(self, _: float | None = None) -> bool:
        self._actor.pause()
        return self.is_set()


class World:
    """Everything of one run; `close` ends its threads."""

    def __init__(self, seed: int, plan: Plan, databases: Databases) -> None:
        self.plan = plan
        self.now_ms = START_MS
        self.trace = Trace()
        self.stage = Stage(seed, plan, self.trace)
        self.databases = databases
        self.weather = Weather()
        self.lanes = [SimSigner(sha256(f"lane {n}".encode()).digest()[:20]) for n in range(3)]
        self.lanes = self.lanes[: plan.lanes]
        self.places = Places(
            settlement=b"\x5e" * 20,
            factory=b"\xfa" * 20,
            logic=b"\x10" * 20,
            badge=b"\xba" * 20,
            admin=_ADMIN,
            operators=frozenset(signer.address for signer in self.lanes),
            chain_id=CHAIN_ID,
        )
        self.deployment = Deployment(
            chain_id=CHAIN_ID,
            settlement=self.places.settlement,
            factory=self.places.factory,
            logic=self.places.logic,
            operators=tuple(signer.address for signer in self.lanes),
            first_block=0,
            badge=self.places.badge,
        )
        self.chain = Chain(
            self.places, plan.finality_depth, START_MS // 1000, Random(f"{seed}/chain")
        )
        self._seed = seed
        self._entropy = Entropy(f"{seed}/entropy")
        strict = not (plan.rpc_stale or plan.rpc_lie or plan.reorg or plan.deep_reorg)
        self.books = Books(CallBook(strict))
        databases.begin(self.stage, Random(f"{seed}/database"))
        self.auditor = Auditor(databases.folder, self.chain, self.books)
        self.auditor.on_block(self.chain.head)
        self.vault = Vault(bytes(range(32)), self._entropy)
        self.stage.calm = True
        self.merchant_id = self._open_shop()
        self.stage.calm = False
        self.till = Till(
            databases.ledger, self.vault, self.merchant_id, self.clock, self.new_id,
            self._entropy, self.stage, self.books, self.auditor,
        )  # fmt: skip
        self.desk = Desk(
            databases, self.vault, self.clock, self.new_id, self._entropy,
            (self.node("desk"), self.deployment),
        )  # fmt: skip
        self.customers = Customers(self.till, self.desk, Random(f"{seed}/customers"), plan.wallets)
        self.alarms: Counter[str] = Counter()
        self.settlers = [
            Actor(f"settler {n}", self._settle, self.stage) for n in range(plan.settlers)
        ]
        self.indexer = Actor("indexer", self._index, self.stage)
        self.reconciler = Actor("reconciler", self._reconcile, self.stage)

    @property
    def actors(self) -> list[Actor]:
        return [*self.settlers, self.indexer, self.reconciler]

    def close(self) -> None:
        for actor in self.actors:
            actor.stop()
        self.auditor.close()
        self.databases.end()

    def clock(self) -> int:
        return self.now_ms

    def new_id(self, prefix: str) -> str:
        return make_id(prefix, self.now_ms, self._entropy(ENTROPY_BYTES))

    def new_settler(self, node: Node) -> Settler:
        return Settler(
            self.databases.ledger, node, self.deployment, self.lanes, FeePolicy(CAP_WEI),
            self.clock, self.new_id, mirror_engine=self.databases.mirror,
        )  # fmt: skip

    def open_program(self, terms: ProgramTerms) -> None:
        command = CreateProgram(self.merchant_id, None, terms, lambda program: program.id.encode())
        committer = GroupCommitter(self.databases.ledger, self.vault, self.clock, self.new_id)
        (answer,) = committer.execute([command])
        assert not isinstance(answer, Exception), answer
        expiry = terms.rules.expiry
        calendar = Calendar(
            expiry.period_months, expiry.validity_periods, expiry.utc_offset_minutes(self.now_ms)
        )
        self.books.programs[answer.body.decode()] = ProgramBook(
            terms.earn_points,
            terms.earn_per_amount_minor,
            terms.hold_ttl_seconds * 1000,
            calendar,
            terms.rules.signed_only,
            terms.rules.limits.debit_per_day_points is not None,
        )

    def _open_shop(self) -> str:
        draw = Random(f"{self._seed}/shop")
        merchant_id = self.new_id("mer")
        with writing(self.databases.ledger) as connection:
            add_merchant(connection, merchant_id, "Martin", self.now_ms)
        self.merchant_id = merchant_id
        for number in range(self.plan.programs):
            earns, per = draw.choice([(1, 100), (3, 100), (10, 1000)])
            # No operation is larger than a day's budget: that one would wait for ever.
            limits = Limits(None, draw.choice([None, 400, 1000]), draw.choice([None, 400]))
            expiry = draw.choice(
                [Expiry(), Expiry(), Expiry(1, 1, "Europe/Paris"), Expiry(3, 2, "America/New_York")]
            )
            rules = ProgramRules(expiry, limits, signed_only=draw.random() < 0.1)
            ttl = draw.choice([60, 900])
            self.open_program(ProgramTerms(f"Shop {number}", "PTS", "EUR", earns, per, ttl, rules))
        return merchant_id

    def node(self, name: str, *, honest: bool = False) -> Node:
        node = Node(
            name, self.chain, self.stage, Random(f"{self._seed}/{name}"), self.weather, honest
        )
        node.on_send = self.auditor.on_send
        return node

    def _settle(self, actor: Actor) -> None:
        """One settler process from its start."""

        def show(report: SettlerReport) -> None:
            for alarm in report.alarms:
                self.alarms[str(alarm.code)] += 1
                self.trace.note(f"{actor.name} alarm {alarm}")
            if report.progressed:
                self.trace.note(f"{actor.name} {_moved(report)}")

        settler = self.new_settler(self.node(actor.name))
        settler.run(Resting(actor), 200, show)

    def _index(self, actor: Actor) -> None:
        """One indexer process from its start."""

        def show(report: IndexerReport) -> None:
            if report.failure:
                self.trace.note(f"indexer fails: {report.failure}")
            if report.progressed:
                top = f"top {report.top_block} final {report.final_block}"
                self.trace.note(f"indexer {top} events {report.events} -{report.undone_blocks}")
                self.auditor.check_mirror()

        store = MirrorStore(self.databases.mirror)
        indexer = Indexer(self.node("indexer"), store, self.places.factory)
        indexer.run(Resting(actor), 0.2, show)

    def _reconcile(self, actor: Actor) -> None:
        """The reconciler, again and again; its node is late and broken but never contradicts
        itself, because it asks by block number."""
        node = self.node("reconciler", honest=True)
        while not actor.stopping:
            try:
                found = reconcile(
                    self.databases.ledger, self.databases.mirror, node, members_on_chain=2
                )
            except OperationalError as failure:
                self.trace.note(f"reconcile fails: {failure.orig}")
            else:
                self.trace.note(f"reconcile at {found.as_of_block} {len(found.notes)} notes")
                assert found.reconciled, found.differences
            actor.pause()


def _moved(report: SettlerReport) -> str:
    names: Iterable[str] = (
        "sealed", "signed", "broadcast", "included", "final", "reverted", "taken_back",
    )  # fmt: skip
    moved = [f"{name} {getattr(report, name)}" for name in names if getattr(report, name)]
    return ", ".join([*moved, *(f"parked {entry}" for entry in report.parked)])
