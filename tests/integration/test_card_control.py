"""Members take control on their phone: a passkey or a wallet, and only it spends from then on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from backend.core.roles import Role
from tests.anvil import CHAIN_ID, Anvil
from tests.api_client import accepted, refused
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.conftest import LedgerDatabase
from tests.integration.control_kit import CardHouse, give_passkeys, give_wallet, open_card_house
from tests.ledger_audit import audit
from tests.member_keys import Wallet
from tests.pages_kit import PASSWORD

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


def redeeming(house: CardHouse, page: Page, member: str, points: str) -> None:
    """A cashier at the till's page, who ends where the customer is asked."""
    place = f"{house.url}{house.pages.path(f'/till/m/{member}/spend')}"
    page.goto(place)
    if "/sign-in" in page.url:
        page.get_by_label("E-mail address").fill(house.pages.add_user(Role.CASHIER))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(place)
    page.get_by_label("How many points").fill(points)
    page.get_by_role("button", name="Redeem", exact=True).click()
    page.wait_for_url("**/till/asking/*")


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


def test_with_a_wallet_the_same_and_on_to_a_passkey_that_signs_in(
    browser: Browser, house: CardHouse
) -> None:
    complaints: list[str] = []
    member = house.member()
    with opened(browser, ENGLISH, complaints) as page:
        give_passkeys(page)
        asked = give_wallet(page, WALLET, CHAIN_ID)
        house.sign_in(page, member)
        page.goto(f"{house.url}/card/control")
        inspect(page, "card-control-offer")
        page.get_by_text("I have a wallet").click()
        in_control(house, page, "Connect my wallet", "From now on only I")
        inspect(page, "card-control-kept")
        assert house.front.address(member) == WALLET.address
        assert "eth_signTypedData_v4" in asked

        # The card says by itself that the till asks; the till goes on by itself with the answer.
        page.goto(f"{house.url}/card")
        with opened(browser, ENGLISH, complaints) as till:
            redeeming(house, till, member, "30")
            inspect(till, "till-asking")
            page.get_by_role("link", name="Answer it").click()
            inspect(page, "card-confirm-waiting")
            page.get_by_role("button", name="Confirm with my wallet").click()
            expect(page.locator(".badge.good")).to_have_text("Confirmed")
            expect(till.get_by_role("heading", name="Points redeemed")).to_be_visible()
            house.settle()
            assert house.front.points(WALLET.address) == 70
            redeeming(house, till, member, "20")
            till.get_by_role("button", name="Take the question back").click()
            expect(till.get_by_text("Taken back.")).to_be_visible()
            assert house.front.till.balance(member) == (70, 0)

        page.goto(f"{house.url}/card/control")
        page.get_by_text("Move to another key").click()
        page.get_by_role("button", name="To a new passkey").click()
        expect(page.locator("ol.steps")).to_be_visible()
        house.settle()
        expect(page.locator(".badge.good")).to_be_visible()
        expect(page.locator("dl.facts")).to_contain_text("A passkey")
        assert house.front.points(house.front.address(member)) == 70
        assert house.front.points(WALLET.address) == 0

        page.goto(f"{house.url}/card")
        page.get_by_role("button", name="Leave this device").click()
        page.wait_for_url("**/card/sign-in")
        page.goto(f"{house.url}/card/sign-in?after=/card/control")
        page.get_by_role("button", name="With a passkey").click()
        page.wait_for_url("**/card/control")
        expect(page.locator(".badge.good")).to_be_visible()
    assert [each for each in complaints if ES256_ALONE not in each] == []


def test_a_page_that_watches_does_not_take_a_member_back_who_is_leaving_it(
    browser: Browser, house: CardHouse
) -> None:
    member = house.member()
    with opened(browser, {**ENGLISH, "service_workers": "block"}, []) as page:
        give_wallet(page, WALLET, CHAIN_ID)
        house.sign_in(page, member)
        page.goto(f"{house.url}/card/control")
        page.get_by_text("I have a wallet").click()
        page.get_by_role("button", name="Connect my wallet").click()
        expect(page.locator("ol.steps")).to_be_visible()

        # The page is asking what is new, and something is, when the member goes elsewhere.
        news: list[Route] = []
        history: list[Route] = []
        with page.expect_request("**/card/control/state*"):
            page.route("**/card/control/state*", lambda route: news.append(route))
        house.settle()
        page.route("**/card/history", lambda route: history.append(route))
        with page.expect_request("**/card/history"):
            page.get_by_role("link", name="History").click(no_wait_after=True)
        with page.expect_event("requestfinished"):
            news[0].continue_()
        history[0].continue_()
        page.wait_for_url("**/card/history")


def test_a_page_at_a_number_says_where_passkeys_work_and_old_answers_do_not_count(
    browser: Browser, house: CardHouse
) -> None:
    member = house.member()
    with opened(browser, ENGLISH, []) as page:
        give_passkeys(page)
        house.sign_in(page, member)
        page.context.add_cookies([{**page.context.cookies()[0], "domain": "127.0.0.1"}])
        page.goto(f"{house.pages.url}/card/control")
        there = page.get_by_role("link", name="Open it at localhost")
        assert there.get_attribute("href") == f"{house.url}/card/control"
        page.goto(f"{house.url}/card/control")
        with page.expect_request("**/card/control/sign-in-key") as sent:
            page.get_by_role("button", name="Add a passkey for signing in").click()
        expect(page.get_by_text("Made on")).to_be_visible()
        again = page.request.post(
            f"{house.url}/card/control/sign-in-key",
            data=sent.value.post_data,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": house.url,
            },
        )
        assert (again.status, again.json()["code"]) == (409, "passkey_refused")
        page.goto(f"{house.url}/card/sign-in")
        with page.expect_request("**/card/passkey/verify") as signed:
            page.get_by_role("button", name="With a passkey").click()
        page.wait_for_url("**/card")
        again = page.request.post(
            f"{house.url}/card/passkey/verify",
            data=signed.value.post_data,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": house.url,
            },
        )
        assert (again.status, again.json()["code"]) == (409, "passkey_refused")

        # Who is erased leaves no passkey behind.
        till = house.front.till
        accepted(till.post(f"/members/{member}/erase", {"forfeit_points": True}))
        assert till.records("passkeys") == till.records("passkey_members") == []
        page.context.clear_cookies()
        page.goto(f"{house.url}/card/sign-in")
        page.get_by_role("button", name="With a passkey").click()
        expect(page.locator("form.passkey [role=status]")).to_contain_text("cannot be taken")
