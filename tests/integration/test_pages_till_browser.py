"""The till in a real browser, over a real chain: touch, double clicks, slow and lost answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from backend.core.roles import Role
from tests.anvil import Anvil
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front_pages
from tests.integration.spending_kit import publish_spending, reward
from tests.pages_kit import PASSWORD, Pages

pytest_plugins = ["tests.integration.settle_fixtures", "tests.browser_kit"]
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
TABLET = {**ENGLISH, "viewport": {"width": 768, "height": 1024}, "has_touch": True}
PHONE = {**FRENCH, "has_touch": True}
Counter = tuple[Front, Pages]


@pytest.fixture
def counter(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Counter]:
    with open_front_pages(ledger_database, shared_anvil) as (front, pages):
        publish_spending(front.till, points=100, worth_minor=100)
        reward(front.till, cancel_within_hours=1)
        yield front, pages


def signed_in(page: Page, pages: Pages, role: Role, after: str) -> None:
    page.goto(f"{pages.url}/sign-in?after={pages.path(after)}")
    page.fill("#f-email", pages.add_user(role))
    page.fill("#f-password", PASSWORD)
    page.locator("main form button").click()
    page.wait_for_url(f"**{pages.path(after)}")


def tap(page: Page, keys: str) -> None:
    for key in keys:
        page.locator(".keypad button", has_text=key).first.tap()


def test_a_sale_on_a_tablet_counts_once_whatever_the_network_does(
    browser: Browser, counter: Counter
) -> None:
    front, pages = counter
    complaints: list[str] = []
    with opened(browser, TABLET, complaints) as page:
        signed_in(page, pages, Role.CASHIER, "/till")
        page.get_by_role("button", name="Scan with the camera").tap()
        expect(page.locator("#camera-absent")).to_be_visible()
        inspect(page, "till")
        # A hand scanner types and sends Enter; nobody is known, so they are enrolled.
        page.locator("#f-who").fill("+33612345678")
        page.locator("#f-who").press("Enter")
        page.get_by_text("Nobody is known by this").wait_for()
        assert page.locator("#f-phone").input_value() == "+33612345678"
        page.get_by_role("button", name="Enrol").tap()
        tap(page, "12.50")
        page.locator("#quote .points").get_by_text("+12").wait_for()
        inspect(page, "till-sale")
        _lose_the_answer(page)
        assert complaints != []
        complaints.clear()
        page.get_by_role("button", name="Confirm the purchase").tap()
        page.wait_for_url("**/till/purchase/**")
        assert len(pages.shop.records("purchases")) == 1
        expect(page.locator(".chain")).to_contain_text("Accepted, and safe")
        front.settle()
        expect(page.locator(".chain")).to_contain_text("Recorded on chain, block")
        assert page.locator(".chain").get_attribute("hx-get") is None
        inspect(page, "till-purchase")
        page.get_by_role("link", name="Spend points").tap()
        page.get_by_role("button", name="10 points").tap()
        page.get_by_role("heading", name="Reward given").wait_for()
        inspect(page, "till-claim")
        page.get_by_role("link", name="Purchase").tap()
        _be_slow(page)
        assert len(pages.shop.records("purchases")) == 2
    assert complaints == []
    front.settle()
    front.look()


def _lose_the_answer(page: Page) -> None:
    """The purchase is recorded and its answer lost; a double tap sends one request."""
    sent = []

    def lose(route: Route) -> None:
        sent.append(route.request.url)
        route.fetch()
        route.abort()

    page.route("**/sale", lose)
    page.get_by_role("button", name="Confirm the purchase").dblclick()
    page.locator("#offline").wait_for()
    page.unroute("**/sale")
    assert len(sent) == 1
    assert page.locator("#f-amount").input_value() == "12.50"


def _be_slow(page: Page) -> None:
    """While the answer takes its time the form is busy, and another tap sends nothing."""
    held: list[Route] = []
    # A page on its way in would keep the network that it was promised, without the route.
    page.wait_for_url("**/till/m/*")
    page.route("**/sale", lambda route: held.append(route))
    tap(page, "8")
    page.locator("#quote .points").get_by_text("+8").wait_for()
    confirm = page.get_by_role("button", name="Confirm the purchase")
    confirm.tap()
    page.locator(".confirm .spinner").wait_for()
    confirm.dispatch_event("click")
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_url("**/till/purchase/**")


@pytest.mark.parametrize("look", [PHONE, ENGLISH], ids=["french dark phone", "english light"])
def test_the_counters_pages_are_accessible_in_both_languages(
    browser: Browser, counter: Counter, look: dict[str, object]
) -> None:
    _, pages = counter
    shop = pages.shop
    member_id = shop.enrol(phone="+33612345678", card="CARD0042")
    bought = shop.buy(member_id, 30_000)
    redeemed = shop.redeem(member_id, 20, capture=True)
    body = {"points": 900, "reason": "contest", "note": "First prize of the summer game."}
    shop.post(f"/members/{member_id}/adjustments", body)
    shop.post(f"/members/{member_id}/adjustments", body | {"points": 30})
    coffee = shop.get("/rewards", program_id=shop.program_id).json()["data"][0]["id"]
    places = {
        "till": "/till",
        "till-sale": f"/till/m/{member_id}",
        "till-spend": f"/till/m/{member_id}/spend",
        "till-return": f"/till/return/{bought['id']}",
        "till-purchase": f"/till/purchase/{bought['id']}",
        "till-redemption": f"/till/redemption/{redeemed['id']}",
        "till-voucher": "/till/voucher",
        "members": "/members",
        "member": f"/members/{member_id}",
        "member-redemptions": f"/members/{member_id}?view=redemptions",
        "adjustments": "/adjustments",
        "rewards": "/rewards",
        "reward": f"/rewards/{coffee}",
        "print": "/print",
        "poster": "/print/poster",
        "display": "/print/display",
    }
    complaints: list[str] = []
    with opened(browser, look, complaints) as page:
        signed_in(page, pages, Role.OWNER, "/till")
        for name, place in places.items():
            page.goto(pages.url + pages.path(place))
            if name == "till-sale":
                page.fill("#f-amount", "12,50")
                page.locator("#quote .points").wait_for()
            inspect(page, name)
    assert complaints == []
