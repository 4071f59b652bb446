"""Programs made on a page, and what their contract holds them to."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from backend.core.limits import PER_DAY_MAX, SUPPLY_CAP_MAX, Holds, Limits, Standing, Terms
from backend.core.roles import Role
from backend.ledger.engine import writing
from backend.ledger.limits import OnChain, store_standing
from tests.api_client import START_MS, accepted
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.pages_kit import PASSWORD, Pages, send

pytest_plugins = ["tests.pages_kit", "tests.browser_kit"]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
NEW = "/console/programs/new"
FORM = {
    "template": "restaurant_happy_hour", "name": "Chez Ana", "symbol": "ana", "currency": "CHF",
    "points": "1", "amount": "1", "expiry": "3x4", "timezone": "Europe/Zurich", "notice": "14",
    "minted": "50 000", "key": "once",
}  # fmt: skip


@SQLITE
def test_a_program_is_made_from_a_template_with_its_rules_in_force(pages: Pages) -> None:
    owner = pages.staff()
    made = send(owner, NEW, FORM)
    place = made.headers["location"]
    assert send(owner, NEW, FORM).headers["location"] == place, "sent twice, made once"
    program_id = place.split("/")[3]
    read = accepted(pages.shop.get(f"/programs/{program_id}"))
    assert (read["symbol"], read["currency"], read["notice_days"]) == ("ANA", "CHF", 14)
    assert read["expiry"]["period_months"] == 3
    assert read["limits"]["mint_per_day_points"] == 50_000
    rules = accepted(pages.shop.get(f"/programs/{program_id}/rules"))["data"]
    assert [(one["version"], one["status"]) for one in rules] == [(1, "published")]
    assert rules[0]["document"]["currency"] == "CHF"
    shown = owner.get(place).text
    assert "being deployed" in shown
    assert "14 days before" in shown


@SQLITE
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "fill this in"),
        ("symbol", "a-b", "capital letters"),
        ("amount", "0", "error-amount"),
        ("timezone", "Nowhere", "error-timezone"),
        ("expiry", "9x9", "choose one"),
        ("terms_hash", "0x12", "error-terms_hash"),
        ("minted", "many", "whole number"),
        ("template", "nothing", "choose one"),
    ],
)
def test_what_a_program_cannot_have_is_said_beside_its_field(
    pages: Pages, field: str, value: str, said: str
) -> None:
    owner = pages.staff()
    refused = send(owner, NEW, {**FORM, field: value})
    assert refused.status_code == 422
    assert said in refused.text
    assert len(accepted(pages.shop.get("/programs"))["data"]) == 1


def seen(**changes: Any) -> OnChain:
    """A program with a lower cap to come and other terms announced."""
    terms = Terms("0x" + "11" * 32, "https://shop.example/terms")
    values: dict[str, Any] = {
        "block_number": 9,
        "at_s": START_MS // 1000,
        "limits": Limits(1_000_000, PER_DAY_MAX, 5_000),
        "announced_limits": Limits(SUPPLY_CAP_MAX, PER_DAY_MAX, 9_000),
        "limits_from_s": START_MS // 1000 + 86_400,
        "supply_points": 12_345,
        "mint_left_points": 1,
        "debit_left_points": 4_900,
        "renews_at_s": START_MS // 1000 + 86_400,
        "utc_offset_minutes": 60,
        "notice_seconds": 30 * 86_400,
        "mint_paused": False,
        "redemption_until_s": 0,
        "terms": terms,
        "announced_terms": Terms("0x" + "22" * 32, "https://shop.example/new"),
        "terms_from_s": START_MS // 1000 + 86_400,
    }
    return OnChain(Standing(**{**values, **changes}), Holds())


@SQLITE
@pytest.mark.parametrize("look", [ENGLISH, FRENCH], ids=["english light", "french dark phone"])
def test_the_settings_say_what_the_contract_does_and_the_pages_are_accessible(
    browser: Browser, pages: Pages, look: dict[str, Any]
) -> None:
    with writing(pages.shop.database.ledger) as connection:
        store_standing(connection, pages.shop.program_id, seen())
    owner = pages.staff()
    read = owner.get(pages.path("/program")).text
    assert "1,000,000" in read
    assert "4,900 left today" in read
    assert "https://shop.example/new" in read
    assert f"mereau program limits {pages.shop.program_id}" in read
    with writing(pages.shop.database.ledger) as connection:
        closing = seen(redemption_until_s=START_MS // 1000 + 30 * 86_400)
        store_standing(connection, pages.shop.program_id, closing)
    assert "is closing" in owner.get(pages.path("/program")).text
    assert pages.staff(Role.CASHIER).get(pages.path("/program")).status_code == 403
    complaints: list[str] = []
    email = pages.add_user(Role.OWNER)
    with opened(browser, look, complaints) as page:
        page.goto(f"{pages.url}/sign-in?after={NEW}")
        page.locator("[name=email]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").click()
        page.wait_for_selector("[name=symbol]")
        inspect(page, "program-new")
        page.goto(pages.url + pages.path("/program"))
        inspect(page, "program")
    assert complaints == []
