"""The whole front door over a real chain: a shop's API, a settler and an anvil on one ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from starlette.testclient import TestClient

from backend.api.app import create_app
from backend.chain.keccak import selector
from backend.services.chain_gate import ChainGate
from backend.services.house import House
from backend.settlement.reconcile import reconcile
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.anvil import Anvil
from tests.api_client import Clock, Shop, accepted, make_house, make_merchant
from tests.conftest import LedgerDatabase
from tests.integration.settle_fixtures import make_desk
from tests.integration.settle_kit import Desk
from tests.pages_kit import Pages, open_pages


@dataclass
class Front:
    """A till and what settles behind it."""

    till: Shop
    desk: Desk
    indexer: Indexer

    def settle(self) -> None:
        self.desk.settle()

    def on_chain(self, view: str, address: str, *, program_id: str | None = None) -> bytes:
        """What the program's contract answers to a view of one address."""
        contract = self.desk.shop.contract(program_id or self.till.program_id)
        question = selector(f"{view}(address)") + bytes(12) + bytes.fromhex(address[2:])
        return self.desk.chain.call(contract, question)

    def points(self, address: str) -> int:
        return int.from_bytes(self.on_chain("balanceOf", address))

    def address(self, member_id: str) -> str:
        return str(accepted(self.till.get(f"/members/{member_id}"))["address"])

    def asked(self, member_id: str, **of: str) -> dict[str, Any]:
        return accepted(self.till.get(f"/members/{member_id}/consent", **of))

    def rebind(self, member_id: str, **to: Any) -> dict[str, Any]:
        """A rebind that was taken, and is on chain."""
        answer = self.till.post(f"/members/{member_id}/rebind", to)
        assert answer.status_code == 202, answer.text
        self.settle()
        done: dict[str, Any] = answer.json()
        return done

    def look(self) -> None:
        """The mirror follows, and reconciliation says yes for every member."""
        for _ in range(50):
            if not self.indexer.step().progressed:
                break
        database = self.till.database
        result = reconcile(database.ledger, database.mirror, self.desk.chain, members_on_chain=-1)
        assert (result.differences, result.notes) == ([], [])
        read = accepted(self.till.get(f"/programs/{self.till.program_id}/supply"))
        owed = read["minted"] - read["redeemed"] - read["returned"] - read["expired"]
        assert read["total_supply"] + read["in_flight"] == owed

    def call_status(self, call_id: str) -> str:
        return str(accepted(self.till.get(f"/calls/{call_id}"))["status"])


@contextmanager
def open_front(database: LedgerDatabase, node: Anvil) -> Iterator[Front]:
    house, desk, indexer = _parts(database, node)
    merchant = make_merchant(database, house, "Martin")
    app = create_app(house)
    with TestClient(app) as client:
        till = Shop(app, client, house, _clock_of(house), database, *merchant)
        till.program_id = till.open_program()
        front = Front(till, desk, indexer)
        front.settle()
        yield front


@contextmanager
def open_front_pages(database: LedgerDatabase, node: Anvil) -> Iterator[tuple[Front, Pages]]:
    """The same with the pages for people, at an address of its own."""
    house, desk, indexer = _parts(database, node)
    with open_pages(database, _clock_of(house), house=house) as pages:
        front = Front(pages.shop, desk, indexer)
        front.settle()
        yield front, pages


def _parts(database: LedgerDatabase, node: Anvil) -> tuple[House, Desk, Indexer]:
    first_block = node.chain.head().number + 1
    desk = make_desk(database, node, lanes=1)
    indexer = Indexer(
        desk.chain, MirrorStore(database.mirror), desk.deployment.factory, start_block=first_block
    )
    gate = ChainGate(lambda: (desk.chain, desk.deployment))
    return replace(make_house(database, Clock()), chain=gate), desk, indexer


def _clock_of(house: House) -> Clock:
    assert isinstance(house.now_ms, Clock)
    return house.now_ms
