"""A shop for tests: the HTTP API over a database of the test's own, its clock set by hand.

Use it with `pytest_plugins = ["tests.api_client"]`; the fixture `shop` runs on both databases.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import shake_256
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Client, Response
from starlette.testclient import TestClient

from backend.api.app import create_app
from backend.core.ids import ENTROPY_BYTES, make_id
from backend.ledger.engine import writing
from backend.ledger.group_commit import GroupCommitter
from backend.ledger.merchants import add_key, add_merchant
from backend.ledger.reader import Reader
from backend.ledger.vault import Vault
from backend.services.chain_gate import ChainGate
from backend.services.house import House
from tests.conftest import LedgerDatabase, open_database
from tests.ledger_audit import records_of, rows_of
from tests.postgres import Cluster

MASTER_KEY = bytes(range(32))
START_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
OCCURRED_AT = "2025-12-31T18:30:00+01:00"
HOLD_SECONDS = 600


@dataclass
class Clock:
    """The time, until somebody moves it."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms

    def forward(self, seconds: int) -> None:
        self.now_ms += seconds * 1000


class Chance:
    """Bytes without a pattern, the same in every run with the same seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._draws = itertools.count()

    def __call__(self, size: int) -> bytes:
        return shake_256(f"{self._seed}/{next(self._draws)}".encode()).digest(size)


def make_house(
    database: LedgerDatabase, clock: Clock, seed: str = "house", **committer_options: int
) -> House:
    """The parts of one process; houses on one database need different seeds."""
    chance = Chance(seed)
    vault = Vault(MASTER_KEY, chance)

    def new_id(prefix: str) -> str:
        return make_id(prefix, clock.now_ms, chance(ENTROPY_BYTES))

    return House(
        committer=GroupCommitter(database.ledger, vault, clock, new_id, **committer_options),
        ledger=Reader(database.ledger),
        mirror=Reader(database.mirror),
        vault=vault,
        now_ms=clock,
        new_id=new_id,
        entropy=chance,
    )


def make_merchant(database: LedgerDatabase, house: House, name: str) -> tuple[str, str, str]:
    """A merchant and its API key: (merchant id, key id, the key itself)."""
    merchant_id, key_id = house.new_id("mer"), house.new_id("key")
    secret = f"mk_{house.entropy(16).hex()}"
    with writing(database.ledger) as connection:
        add_merchant(connection, merchant_id, name, house.now_ms())
        add_key(connection, key_id, merchant_id, secret, "till", house.now_ms())
    return merchant_id, key_id, secret


@dataclass
class Shop:
    """An authenticated till of one merchant with one program (1 point per whole euro)."""

    app: FastAPI
    client: Client
    house: House
    clock: Clock
    database: LedgerDatabase
    merchant_id: str
    key_id: str
    secret: str
    program_id: str = ""
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        params: Mapping[str, str] | None = None,
    ) -> Response:
        """A request with the merchant's key, and with nothing else that is not given."""
        given = [("Authorization", f"Bearer {self.secret}"), *dict(headers).items()]
        return self.client.request(
            method, path, json=json, content=content, headers=dict(given), params=params
        )

    def get(self, path: str, **params: str) -> Response:
        return self.request("GET", f"/v1{path}", params=params)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Response:
        """A POST under the idempotency key, or under a new one."""
        key = key or f"key-{next(self.numbers)}"
        return self.request("POST", f"/v1{path}", json=body, headers={"Idempotency-Key": key})

    def open_program(self, **terms: Any) -> str:
        """A program of the merchant's; its id."""
        body = {
            "name": "Boulangerie Martin",
            "symbol": "MARTIN",
            "currency": "EUR",
            "earning": {"points": 1, "per_amount_minor": 100},
            "hold_ttl_seconds": HOLD_SECONDS,
        }
        return str(accepted(self.post("/programs", body | terms))["id"])

    def enrol(self, program_id: str | None = None, **identifiers: str) -> str:
        """A member of the program, by a new external id if none is given; its id."""
        known_by = identifiers or {"external_id": f"customer-{next(self.numbers)}"}
        body = {"program_id": program_id or self.program_id, **known_by}
        return str(accepted(self.post("/members", body))["id"])

    def purchase(self, member_id: str, amount_minor: int = 1000, **terms: Any) -> dict[str, Any]:
        """The body of a purchase on a new receipt."""
        body = {
            "program_id": self.program_id,
            "member_id": member_id,
            "receipt_id": f"receipt-{next(self.numbers)}",
            "occurred_at": OCCURRED_AT,
            "currency": "EUR",
            "amount_minor": amount_minor,
        }
        return body | terms

    def buy(self, member_id: str, amount_minor: int = 1000, **terms: Any) -> dict[str, Any]:
        """An accepted purchase."""
        return accepted(self.post("/purchases", self.purchase(member_id, amount_minor, **terms)))

    def redemption(self, member_id: str, points: int, **terms: Any) -> dict[str, Any]:
        """The body of a redemption."""
        return {"program_id": self.program_id, "member_id": member_id, "points": points} | terms

    def redeem(self, member_id: str, points: int, **terms: Any) -> dict[str, Any]:
        """An accepted redemption."""
        return accepted(self.post("/redemptions", self.redemption(member_id, points, **terms)))

    def balance(self, member_id: str) -> tuple[int, int]:
        """The member's points: (available, held)."""
        read = accepted(self.get(f"/members/{member_id}/balance"))
        return read["available"], read["held"]

    def records(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table that are of this merchant and this program."""
        mine = {"merchant_id": self.merchant_id, "program_id": self.program_id}
        return [
            row
            for row in records_of(self.database.ledger, table)
            if all(row.get(name, value) == value for name, value in mine.items())
        ]

    def fresh_seed(self) -> str:
        """A seed for another house on the same database."""
        return f"house-{next(self.numbers)}"

    def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the ledger, to compare with a later snapshot."""
        return rows_of(self.database.ledger)


def accepted(response: Response) -> dict[str, Any]:
    """The answer's document; fails unless the request was served."""
    assert response.status_code in {200, 201}, response.text
    assert response.headers["content-type"] == "application/json"
    document: dict[str, Any] = response.json()
    return document


def refused(response: Response, status: int, code: str) -> dict[str, Any]:
    """The problem document (RFC 9457); fails unless it is one, with this status and code."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:mereau:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["request-id"]
    assert problem["request_id"].startswith("req_")
    return problem


@contextmanager
def open_shop(
    database: LedgerDatabase,
    clock: Clock | None = None,
    seed: str = "house",
    chain: ChainGate | None = None,
    **options: int,
) -> Iterator[Shop]:
    """The application with its writer thread running, a merchant and a program."""
    clock = clock or Clock()
    house = replace(make_house(database, clock, seed, **options), chain=chain)
    merchant = make_merchant(database, house, "Martin")
    app = create_app(house)
    with TestClient(app) as client:
        shop = Shop(app, client, house, clock, database, *merchant)
        shop.program_id = shop.open_program()
        yield shop


def another_merchant(shop: Shop, name: str = "Durand") -> Shop:
    """A till of somebody else at the same application."""
    merchant = make_merchant(shop.database, shop.house, name)
    other = Shop(
        shop.app, shop.client, shop.house, shop.clock, shop.database, *merchant,
        numbers=shop.numbers,
    )  # fmt: skip
    other.program_id = other.open_program(name=name)
    return other


@pytest.fixture
def shop(ledger_database: LedgerDatabase) -> Iterator[Shop]:
    """A shop on each database in turn."""
    with open_shop(ledger_database) as opened:
        yield opened


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A shop on each database that the tests of a module share, because databases take time."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("shared") / "database"
        shutil.copytree(request.getfixturevalue("sqlite_template"), folder)
        ledger_url, mirror_url = f"sqlite:///{folder}/ledger.db", f"sqlite:///{folder}/mirror.db"
    else:
        template: str = request.getfixturevalue("postgres_template")
        cluster: Cluster = request.getfixturevalue("postgres")
        ledger_url = mirror_url = cluster.create_database(template=template)
    database = open_database(request.param, ledger_url, mirror_url)
    with open_shop(database) as opened:
        yield opened
    database.dispose()


@pytest.fixture
def till(shared_shop: Shop) -> Shop:
    """A merchant with a program of its own, on a database shared with other tests."""
    return another_merchant(shared_shop)
