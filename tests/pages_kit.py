"""The pages for people over a shop: signed-in clients without a browser, and an address for one.

Use it with `pytest_plugins = ["tests.pages_kit"]`; `pages` runs on both databases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx2
import pytest

from backend.api.app import create_app
from backend.core.roles import Role
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.people_tables import StaffUser
from backend.services.house import House
from backend.services.sign_in_staff import hash_password
from backend.web import front
from tests.api_client import Clock, Shop, make_house, make_merchant
from tests.conftest import LedgerDatabase
from tests.explorer_kit import running

PASSWORD = "a till's password"
# Hashing takes as long as it should: once is enough for everybody here.
_HASH = hash_password(PASSWORD)


@dataclass
class Pages:
    """A shop with its pages at an address of its own."""

    shop: Shop
    url: str
    clients: ExitStack

    def visitor(self, language: str = "en") -> httpx2.Client:
        """Somebody who is not signed in; follows no redirect."""
        headers = {"Accept-Language": language}
        client = httpx2.Client(base_url=self.url, headers=headers, timeout=20)
        return self.clients.enter_context(client)

    def add_user(self, role: Role, merchant_id: str | None = None, name: str = "") -> str:
        """A user of the shop's merchant; the e-mail address to sign in with."""
        house = self.shop.house
        email = f"{house.new_id('someone')}@example.org"
        row = {
            "id": house.new_id("usr"),
            "merchant_id": merchant_id or self.shop.merchant_id,
            "email": email,
            "name": name or role.value.title(),
            "role": role.value,
            "password_hash": _HASH,
            "created_at_ms": house.now_ms(),
        }
        with writing(self.shop.database.ledger) as connection:
            connection.execute(table_of(StaffUser).insert(), row)
        return email

    def staff(self, role: Role = Role.OWNER, language: str = "en") -> httpx2.Client:
        """A signed-in user of this role."""
        client = self.visitor(language)
        sign_in(client, self.add_user(role))
        return client

    def path(self, rest: str = "") -> str:
        """A console address below the shop's program."""
        return f"/console/p/{self.shop.program_id}{rest}"


def sign_in(client: httpx2.Client, email: str, password: str = PASSWORD) -> None:
    answer = send(client, "/sign-in", {"email": email, "password": password})
    assert answer.status_code == 303, answer.text


def send(client: httpx2.Client, path: str, fields: Mapping[str, str]) -> httpx2.Response:
    """A form as a browser sends it from a page of the same site."""
    headers = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    return client.post(path, data=dict(fields), headers=headers)


@contextmanager
def open_pages(
    database: LedgerDatabase, clock: Clock | None = None, house: House | None = None
) -> Iterator[Pages]:
    """API and pages over a database, a merchant and a program; `house` runs on `clock`."""
    clock = clock or Clock()
    house = house or make_house(database, clock)
    app = create_app(house)
    front.install_pages(app, house)
    with running(app) as url, ExitStack() as clients:
        client = clients.enter_context(httpx2.Client(base_url=url, timeout=20))
        shop = Shop(app, client, house, clock, database, *make_merchant(database, house, "Martin"))
        shop.program_id = shop.open_program()
        yield Pages(shop, url, clients)


@pytest.fixture
def pages(ledger_database: LedgerDatabase) -> Iterator[Pages]:
    """On each database in turn."""
    with open_pages(ledger_database) as opened:
        yield opened
