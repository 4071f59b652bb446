"""The card in a real Chromium: from the poster to the till, on a phone and a desk, and offline."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.card_kit import Cards
from tests.earning_kit import publish
from tests.integration.spending_kit import gift_card, reward
from tests.integration.tier_kit import TIERS

pytest_plugins = ["tests.pages_kit", "tests.card_kit", "tests.browser_kit"]
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

ZOE = "zoe@example.org"


def furnished(cards: Cards) -> None:
    """A program with levels, a stamp card, an offer and rewards."""
    shop = cards.pages.shop
    base = {
        "id": "base",
        "title": {"en": "1 point per euro", "fr": "1 point par euro"},
        "earn": {"kind": "rate", "points": 1, "per_minor": 100},
    }
    stamps = {
        "id": "coffees",
        "title": {"en": "The tenth coffee is yours", "fr": "Le dixième café est pour vous"},
        "earn": {"kind": "stamps", "per": "purchase", "card": 10, "points": 30},
    }
    publish(shop, base, stamps, tiers=TIERS)
    biscuit = {"en": "With a biscuit.", "fr": "Avec un biscuit."}
    reward(shop, cancel_within_hours=24, description=biscuit)
    lunch = {"en": "Lunch for two", "fr": "Un déjeuner à deux"}
    reward(shop, steps=[{"points": 500}], title=lunch, sku="LUNCH")


def enter(page: Page, cards: Cards) -> None:
    """Types the code that came, on the page that asks for it."""
    page.wait_for_url("**/card/code")
    page.fill("#f-code", cards.code(ZOE))
    page.click("main button.main")
    page.wait_for_url("**/card")


@one_database
def test_a_phone_gets_its_card_from_the_poster_and_keeps_it_without_network(
    cards: Cards, browser: Browser
) -> None:
    furnished(cards)
    shop, complaints = cards.pages.shop, list[str]()
    with opened(browser, FRENCH, complaints) as page:
        page.goto(f"{cards.pages.url}/card/join/{shop.program_id}")
        inspect(page, "card-join")
        page.fill("#f-name", "Zoé Renard")
        page.fill("#f-address", ZOE)
        page.click("main button.main")
        page.wait_for_url("**/card/code")
        inspect(page, "card-code")
        enter(page, cards)
        member_id = next(
            each["value"] for each in page.context.cookies() if each["name"] == "mereau_card"
        )
        shop.buy(member_id, 4200)
        shop.buy(member_id, 1850)
        gift_card(shop, member_id=member_id)
        page.reload()
        inspect(page, "card")
        page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function(
            "caches.open('mereau-offline').then((c) => c.match('/card/offline')).then(Boolean)"
        )
        page.context.set_offline(True)
        page.goto(f"{cards.pages.url}/card")
        page.get_by_text("Pas de réseau").wait_for()
        inspect(page, "card-offline")
        assert page.locator("svg.qr").count() == 1
        assert page.locator("svg.barcode").count() == 1
        assert "60 points" in page.inner_text("main")
        keys = page.evaluate("Object.keys(localStorage)")
        assert keys == ["mereau-cards"]
        # Left first: it loads itself anew when the network comes back.
        page.goto("about:blank")
        page.context.set_offline(False)
        page.wait_for_function("navigator.onLine")
        page.goto(f"{cards.pages.url}/card")
        page.click("[data-card-out] button")
        page.wait_for_url("**/card/sign-in")
        assert page.evaluate("localStorage.length") == 0
        # A cache goes when the browser comes to it.
        page.wait_for_function("caches.keys().then((keys) => keys.length === 0)")
    assert complaints == []


@one_database
def test_every_page_of_the_card_is_whole_in_both_languages(cards: Cards, browser: Browser) -> None:
    furnished(cards)
    shop = cards.pages.shop
    member_id = shop.enrol(email=ZOE)
    for amount in (4200, 1850, 990):
        shop.buy(member_id, amount)
    gift_card(shop, member_id=member_id)
    for look in (ENGLISH, FRENCH):
        complaints: list[str] = []
        with opened(browser, look, complaints) as page:
            page.goto(f"{cards.pages.url}/card/history")
            page.wait_for_url(lambda url: "/card/sign-in" in url)
            inspect(page, "card-sign-in")
            page.fill("#f-address", ZOE)
            page.click("main button.main")
            page.wait_for_url("**/card/code")
            page.fill("#f-code", cards.code(ZOE))
            page.click("main button.main")
            page.wait_for_url("**/card/history")
            inspect(page, "card-history")
            page.goto(f"{cards.pages.url}/card")
            page.locator("main a[href^='/card/rewards/']").first.click()
            inspect(page, "card-reward")
            page.click("main button.main")
            page.wait_for_url("**/card")
            page.locator("#alerts .good").wait_for()
            page.wait_for_load_state("networkidle")
            inspect(page, "card-taken")
            for name in ("rewards", "data", "erase"):
                page.goto(f"{cards.pages.url}/card/{name}")
                inspect(page, f"card-{name}")
            operation = shop.get(f"/members/{member_id}/history").json()["data"][0]
            page.goto(f"{cards.pages.url}/card/proof/{operation['operation_id']}")
            inspect(page, "card-proof")
        assert complaints == []
        cards.clock.forward(601)
