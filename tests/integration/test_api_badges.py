"""What the API says of badges where no chain is, and to everyone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from backend.api.app import create_app
from backend.chain.contracts import Deployment
from backend.chain.rpc import JsonRpc
from backend.core import badges
from backend.services.chain_gate import ChainGate
from tests.api_client import Clock, Shop, accepted, make_house, make_merchant, refused
from tests.conftest import LedgerDatabase

pytest_plugins = ["tests.api_client"]

NOWHERE = Deployment(1, bytes(20), bytes(20), bytes(20), (), 1)


@pytest.fixture
def without_badges(ledger_database: LedgerDatabase) -> Iterator[Shop]:
    """A shop on a deployment from before there were badges; its chain is asked nothing."""
    clock = Clock()
    bare = make_house(ledger_database, clock)
    silent = JsonRpc("http://127.0.0.1:9")
    house = replace(bare, chain=ChainGate(lambda: (silent, NOWHERE)))
    merchant = make_merchant(ledger_database, house, "Martin")
    app = create_app(house)
    with TestClient(app) as client:
        shop = Shop(app, client, house, clock, ledger_database, *merchant)
        shop.program_id = shop.open_program()
        yield shop
    silent.close()


def test_a_deployment_without_badges_says_so(without_badges: Shop) -> None:
    shop = without_badges
    path = f"/members/{shop.enrol()}/badges"
    written = shop.snapshot()
    refused(shop.post(path, {"type": "gold"}), 409, "badges_not_deployed")
    assert shop.snapshot() == written
    assert accepted(shop.get(path)) == {"data": [], "has_more": False}


def test_a_server_without_a_chain_takes_none(shop: Shop) -> None:
    path = f"/members/{shop.enrol()}/badges"
    refused(shop.post(path, {"type": "gold"}), 503, "chain_unavailable")


def test_anybody_reads_what_a_type_is(shop: Shop) -> None:
    listed = accepted(shop.client.get("/badges"))["data"]
    assert [one["type_number"] for one in listed] == [one.number for one in badges.TYPES]
    answer = shop.client.get("/badges/3")
    assert answer.headers["access-control-allow-origin"] == "*"
    gold = accepted(answer)
    assert (gold["name"], gold["localized"]["fr"]["name"]) == ("Gold", "Or")
    assert gold == listed[2]
    for unknown in ("0", "5", "03", "gold", "-1", "3%00", "9" * 400):
        refused(shop.client.get(f"/badges/{unknown}"), 404, "not_found")
