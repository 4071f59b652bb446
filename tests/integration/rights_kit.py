"""The whole path, from the API to the contracts and back, on one clock that tests move by hand.

The node makes no block by itself: each one is made in the second that the shop's clock says, so
that ledger and chain live in the same time, and a jump of one is a jump of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.chain.codec import decode_buckets, decode_uint, encode_balance_of, encode_buckets_of
from backend.chain.contracts import Deployment
from backend.chain.fees import FeePolicy
from backend.chain.port import ChainWriter
from backend.chain.program_calls import encode_ledger_balance_of
from backend.chain.quantities import read_bytes
from backend.core.calendar import Calendar
from backend.ledger import mirror_tables
from backend.services.chain_gate import ChainGate
from backend.settlement.lanes import Pace
from backend.settlement.reconcile import Reconciliation, reconcile
from backend.settlement.settler import Settler
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.anvil import Anvil, anvil, deploy, lane_signers
from tests.api_client import Clock, Shop, accepted, open_shop
from tests.conftest import LedgerDatabase

GWEI = 10**9
QUARTERS = {"period_months": 3, "validity_periods": 1, "timezone": "Europe/Paris"}
"""Points of a quarter live to the end of the next one."""


@dataclass
class World:
    shop: Shop
    node: Anvil
    deployment: Deployment
    chain: ChainWriter
    settler: Settler
    indexer: Indexer
    clock: Clock
    database: LedgerDatabase
    addresses: dict[str, str] = field(default_factory=dict)

    def at(self, moment: str) -> None:
        """Jumps to a moment (ISO 8601 with offset); the next block is made then."""
        self.clock.now_ms = int(datetime.fromisoformat(moment).timestamp()) * 1000

    def restart(self, pace: Pace) -> None:
        """Another settler, which remembers nothing."""
        self.settler = Settler(
            self.database.ledger, self.chain, self.deployment, lane_signers(1),
            FeePolicy(200 * GWEI), self.clock, self.shop.house.new_id, pace, self.database.mirror,
        )  # fmt: skip

    def mine(self) -> None:
        self.node.rpc("evm_setNextBlockTimestamp", self.clock.now_ms // 1000)
        self.node.mine()

    def settle(self) -> None:
        """Blocks, a second apart, until nothing moves any more; then the mirror follows."""
        quiet = 0
        for _ in range(60):
            self.clock.forward(1)
            self.mine()
            report = self.settler.step()
            assert report.alarms == []
            quiet = 0 if report.progressed or report.open_slots else quiet + 1
            if quiet == 2:
                break
        self.follow()

    def follow(self) -> None:
        for _ in range(50):
            if not self.indexer.step().progressed:
                return

    def new_block(self) -> None:
        """A block without anything of ours, and the mirror follows it."""
        self.clock.forward(1)
        self.mine()
        self.follow()

    def enrol(self) -> str:
        member_id = self.shop.enrol()
        document = accepted(self.shop.get(f"/members/{member_id}"))
        self.addresses[member_id] = document["address"]
        return member_id

    def program(self) -> dict[str, Any]:
        return accepted(self.shop.get(f"/programs/{self.shop.program_id}"))

    def ask(self, data: bytes) -> bytes:
        return self.chain.call(read_bytes(self.program()["contract_address"], 20), data)

    def on_chain(self, member_id: str) -> tuple[int, ...]:
        """`bucketsOf`, held against `balanceOf`."""
        member = read_bytes(self.addresses[member_id], 20)
        _, buckets = decode_buckets(self.ask(encode_buckets_of(member)))
        assert decode_uint(self.ask(encode_balance_of(member))) == sum(buckets)
        return buckets

    def unswept(self, member_id: str) -> int:
        """Points the contract still has in the member's word although they have expired."""
        member = read_bytes(self.addresses[member_id], 20)
        stored = decode_uint(self.ask(encode_ledger_balance_of(member)))
        return stored - sum(self.on_chain(member_id))

    def in_mirror(self, member_id: str) -> tuple[int, ...]:
        """The lots of the mirror's row, from the period the contract last touched the member."""
        table = mirror_tables.balances
        lots = [table.c[f"lot_{age}"] for age in range(5)]
        where = table.c.member == self.addresses[member_id]
        with self.database.mirror.connect() as connection:
            return tuple(connection.execute(select(*lots).where(where)).one())

    def balance(self, member_id: str) -> dict[str, Any]:
        return accepted(self.shop.get(f"/members/{member_id}/balance"))

    def expiring(self, member_id: str) -> list[tuple[int, str]]:
        return [(lot["points"], lot["last_day"]) for lot in self.balance(member_id)["expiring"]]

    def supply(self) -> dict[str, Any]:
        """The program's supply; its two sides agree."""
        read = accepted(self.shop.get(f"/programs/{self.shop.program_id}/supply"))
        owed = read["minted"] - read["redeemed"] - read["returned"] - read["expired"]
        assert read["total_supply"] + read["in_flight"] == owed
        return read

    def look(self) -> Reconciliation:
        """A reconciliation that says yes, every member asked of the chain."""
        result = reconcile(
            self.database.ledger, self.database.mirror, self.chain, members_on_chain=-1
        )
        assert (result.differences, result.notes) == ([], [])
        return result


@contextmanager
def open_world(
    database: LedgerDatabase, folder: Path, start: str, expiry: dict[str, Any]
) -> Iterator[World]:
    """A shop whose program has a contract, at `start`."""
    with anvil(folder) as node:
        signers = lane_signers(1)
        deployment = deploy(node, [signer.address for signer in signers])
        clock = Clock()
        clock.now_ms = int(datetime.fromisoformat(start).timestamp()) * 1000
        gate = ChainGate(lambda: (node.chain, deployment))
        with open_shop(database, clock, chain=gate) as shop:
            shop.program_id = shop.open_program(expiry=expiry, hold_ttl_seconds=30 * 86_400)
            settler = Settler(
                database.ledger, node.chain, deployment, signers, FeePolicy(200 * GWEI),
                clock, shop.house.new_id, Pace(), database.mirror,
            )  # fmt: skip
            store = MirrorStore(database.mirror)
            indexer = Indexer(node.chain, store, deployment.factory, start_block=1)
            world = World(shop, node, deployment, node.chain, settler, indexer, clock, database)
            world.settle()
            yield world


def calendar_of(expiry: dict[str, Any]) -> Calendar:
    return Calendar(expiry["period_months"], expiry["validity_periods"], 60)
