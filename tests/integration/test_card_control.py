"""Members take control on their phone: a passkey or a wallet, and only it spends from then on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.anvil import Anvil
from tests.api_client import accepted, refused
from tests.browser_kit import FRENCH, inspect, opened
from tests.conftest import LedgerDatabase
from tests.integration.control_kit import CardHouse, give_passkeys, open_card_house
from tests.ledger_audit import audit
from tests.member_keys import Wallet

pytest_plugins = ["tests.integration.settle_fixtures", "tests.browser_kit"]
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

ES256_ALONE = "missing at least one of the default algorithm identifiers"
"""Chromium would have RS256 as well, which no contract checks."""

# Pages ask every three seconds, and two cores have more to do than this.
expect.set_options(timeout=20_000)

WALLET = Wallet(bytes(31) + b"\x27")


@pytest.fixture
def house(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[CardHouse]:
    with open_card_house(ledger_database, shared_anvil) as opened_house:
        yield opened_house
        opened_house.settle()
        audit(ledger_database.ledger)


def asked_at_the_till(house: CardHouse, member: str, points: int, **said: str) -> dict[str, Any]:
    till = house.front.till
    done = till.redeem(member, points, capture=True, confirm="member", **said)
    assert done["status"] == "awaiting_member"
    return done


def read(house: CardHouse, redemption: dict[str, Any]) -> dict[str, Any]:
    return accepted(house.front.till.get(f"/redemptions/{redemption['id']}"))


def in_control(house: CardHouse, page: Page, first: str, then: str) -> None:
    """From the first button to the badge; each step waits for the chain."""
    page.get_by_role("button", name=first).click()
    expect(page.locator("ol.steps")).to_be_visible()
    inspect(page, "card-control-moving")
    house.settle()
    page.get_by_role("button", name=then).click()
    expect(page.locator("ol.steps")).to_be_visible()
    house.settle()
    expect(page.locator(".badge.good")).to_be_visible()


def tampering(change: Callable[[dict[str, Any]], None]) -> Callable[[Route], None]:
    """What the server asks to be signed, changed on its way."""

    def handle(route: Route) -> None:
        answer = route.fetch()
        document = answer.json()
        change(document)
        route.fulfill(response=answer, body=json.dumps(document))

    return handle


def _amount(asked: dict[str, Any]) -> None:
    asked["typed_data"]["message"]["amount"] = "90"


def _contract(asked: dict[str, Any]) -> None:
    asked["typed_data"]["domain"]["verifyingContract"] = "0x" + "11" * 20


def _member(asked: dict[str, Any]) -> None:
    asked["typed_data"]["message"]["member"] = "0x" + "22" * 20


def _digest(asked: dict[str, Any]) -> None:
    asked["digest"] = "0x" + "33" * 32


def test_with_a_passkey_the_phone_confirms_and_nobody_else_can(
    browser: Browser, house: CardHouse
) -> None:
    complaints: list[str] = []
    member, till = house.member(), house.front.till
    with opened(browser, FRENCH, complaints) as page:
        give_passkeys(page)
        house.sign_in(page, member)
        page.goto(f"{house.url}/card/control")
        inspect(page, "card-control-offer")
        in_control(house, page, "Créer une clé", "Désormais")
        inspect(page, "card-control-kept")
        address = house.front.address(member)
        assert house.front.points(address) == 100
        body = till.redemption(member, 30, capture=True)
        refused(till.post("/redemptions", body), 409, "signature_required")

        done = asked_at_the_till(house, member, 30, till="Caisse 2", note="Un café et un pain")
        page.goto(f"{house.url}/card/confirm")
        expect(page.locator("data[data-field=amount]")).to_have_text("30 points")
        inspect(page, "card-confirm-waiting")
        for change in (_amount, _contract, _member, _digest):
            page.route("**/ask", tampering(change))
            page.get_by_role("button", name="Confirmer").click()
            said = page.locator("form[data-flow] [role=status]")
            expect(said).to_contain_text("Rien n’a été signé")
            page.unroute("**/ask")
        assert read(house, done)["status"] == "awaiting_member"

        page.get_by_role("button", name="Confirmer").click()
        expect(page.locator(".badge.good")).to_have_text("Confirmé")
        assert read(house, done)["confirmation"]["status"] == "confirmed"
        house.settle()
        expect(page.locator("main")).to_contain_text("inscrit sur la chaîne")
        inspect(page, "card-confirm-done")
        assert house.front.points(address) == 70

        # A page that watches shows the next question by itself; a second one waits for the first.
        one = asked_at_the_till(house, member, 10)
        page.get_by_role("button", name="Refuser").click()
        expect(page.locator(".alert.good")).to_be_visible()
        assert read(house, one)["status"] == "cancelled"
        assert till.balance(member) == (70, 0)

        page.goto(f"{house.url}/card/control")
        page.get_by_text("Rendre le contrôle").click()
        page.get_by_role("button", name="Laisser").click()
        expect(page.locator("ol.steps")).to_be_visible()
        house.settle()
        expect(page.get_by_role("button", name="Désormais")).to_be_visible()
        till.redeem(member, 20, capture=True)
        house.settle()
        assert house.front.points(address) == 50
    assert [each for each in complaints if ES256_ALONE not in each] == []
