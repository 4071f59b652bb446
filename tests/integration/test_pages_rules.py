"""The rules' pages: drafted by cards and by hand, tried, simulated, published, campaigns."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from playwright.sync_api import Browser

from backend.core.roles import Role
from backend.duties.reach import Reach
from backend.duties.simulations import Simulations
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.earning_kit import fixed, publish
from tests.pages_kit import PASSWORD, Pages, send

pytest_plugins = ["tests.pages_kit", "tests.browser_kit"]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def typed_in(text: str) -> dict[str, Any]:
    """The document that stands in the editor."""
    found = re.search(r'<textarea id="f-document"[^>]*>(.*?)</textarea>', text, re.DOTALL)
    assert found, text
    read: dict[str, Any] = json.loads(unescape(found[1]))
    return read


def test_a_merchant_drafts_by_cards_tries_simulates_and_publishes(pages: Pages) -> None:
    owner, edit = pages.staff(), pages.path("/rules/edit")
    member = pages.shop.enrol()
    pages.shop.buy(member, 2000)
    text = json.dumps(typed_in(owner.get(edit).text))
    for fields in (
        {"do": "rate", "rate_points": "2", "rate_amount": "5,00", "rate_carry": "on"},
        {"do": "happy_hour", "happy_from": "17:00", "happy_until": "19:00", "happy_mon": "on",
         "happy_percent": "150"},
        {"do": "category", "category_name": "Pain bio", "category_percent": "200"},
        {"do": "birthday", "birthday_points": "30", "birthday_before": "7"},
        {"do": "welcome", "welcome_points": "20"},
        {"do": "nth_visit", "visit_number": "10", "visit_points": "0", "visit_reward": "coffee"},
        {"do": "tier", "tier_measure": "spend", "tier_name": "Or", "tier_threshold": "300,50",
         "tier_percent": "150"},
        {"do": "tier", "tier_measure": "spend", "tier_name": "Membre", "tier_threshold": "0"},
        {"do": "caps", "cap_purchase": "100", "cap_day": ""},
    ):  # fmt: skip
        answer = send(owner, edit, {**fields, "document": text})
        assert answer.status_code == 200, answer.text
        text = json.dumps(typed_in(answer.text))
    made = json.loads(text)
    assert [rule["id"] for rule in made["rules"]] == [
        "base", "happy_hour", "category.pain_bio", "birthday", "welcome", "nth_visit",
    ]  # fmt: skip
    assert made["rules"][0]["earn"] == {"kind": "rate", "points": 2, "per_minor": 500}
    levels = [(one["id"], one["threshold"]) for one in made["tiers"]["levels"]]
    assert levels == [("membre", 0), ("or", 30_050)]
    assert (made["rounding"], made["caps"]) == ("carry", {"purchase": 100})
    tried = owner.post(
        pages.path("/rules/try"),
        data={"document": text, "amount": "50", "category": "Pain bio"},
        headers={"HX-Request": "true", "Origin": pages.url},
    )
    assert ">40<" in tried.text, "20 points, doubled on the category"
    assert ">50<" in tried.text, "what is in force gives a point per euro"
    kept = send(owner, edit, {"do": "save", "document": text})
    place = kept.headers["location"]
    assert place == pages.path("/rules/1/publish")
    assert "Pain bio" in owner.get(place).text
    asked = send(owner, pages.path("/rules/simulate"), {"version": "1"}).headers["location"]
    assert "waits for the worker" in owner.get(asked).text
    worker = Simulations(pages.shop.database.ledger)
    assert (worker.step(), worker.step()) == (1, 0)
    shown = owner.get(asked).text
    assert "Members rewarded" in shown
    assert ">28<" in re.sub(r"\s", "", shown), "8 points for 20 euros, and 20 of welcome"
    assert "Please say" in send(owner, place, {}).text
    assert send(owner, place, {"sure": "on"}).status_code == 303
    assert pages.shop.buy(member, 5000)["points"]["earned"] == 20
    assert "In force: version 1" in owner.get(pages.path("/rules")).text
    assert send(owner, pages.path("/rules/1/retire"), {}).status_code == 303
    assert pages.shop.buy(member, 5000)["points"]["earned"] == 50


@SQLITE
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n "format": 1,\n "currency": "EUR",\n "rules": [\n  {"id": "a",\n   "earn": 5}]}', 6),
        ('{\n "format": 1\n "currency": "EUR"}', 3),
        ('{"format": 1,\n"format": 1}', 2),
        ("[" * 5_000, 1),
        ('{"a": ' + "1" * 6_000 + "}", 1),
        ('{"a": NaN}', 1),
        ("", 1),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_line_and_nothing_is_kept(
    pages: Pages, text: str, line: int
) -> None:
    owner = pages.staff()
    refused = send(owner, pages.path("/rules/edit"), {"do": "save", "document": text})
    assert refused.status_code == 422
    assert f"Line {line}<" in refused.text
    assert pages.shop.records("rule_versions") == []
    card = {"do": "welcome", "welcome_points": "5", "document": text}
    assert send(owner, pages.path("/rules/edit"), card).status_code == 422


def test_campaigns_are_planned_run_out_and_end_by_versions_of_the_rules(pages: Pages) -> None:
    publish(pages.shop, fixed("hello", 7))
    owner, place, member = pages.staff(), pages.path("/campaigns"), pages.shop.enrol()
    fields = {
        "title": "Été 2026", "first": "2026-01-01", "last": "2026-01-31", "audience": "all",
        "kind": "fixed", "points": "15", "budget": "30",
    }  # fmt: skip
    wrong = send(owner, place, {**fields, "last": "2025-12-31", "budget": "x"})
    assert wrong.status_code == 422
    assert "before the first" in wrong.text
    drafted = send(owner, place, fields).headers["location"]
    assert send(owner, drafted, {"sure": "on"}).status_code == 303
    at = "2026-01-01T00:00:00Z"
    assert pages.shop.buy(member, occurred_at=at)["points"]["earned"] == 22
    assert "being counted" in owner.get(place).text
    counting = Reach(pages.shop.database.ledger, pages.shop.house.now_ms)
    assert (counting.step(), counting.step()) == (1, 0)
    shown = owner.get(place).text
    assert "running" in shown
    assert "15 of 30 points given" in shown
    assert "1 member reached" in shown
    assert pages.shop.buy(member, occurred_at=at)["points"]["earned"] == 22
    assert "budget used up" in owner.get(place).text
    pages.shop.clock.forward(2 * 86_400)
    owner = pages.staff()  # Nobody is signed in for two days.
    ended = send(owner, f"{place}/ete_2026/end", {})
    assert ended.status_code == 303, ended.text
    assert send(owner, ended.headers["location"], {"sure": "on"}).status_code == 303
    assert "ended" in owner.get(place).text
    done = [row["action"] for row in pages.shop.records("staff_actions")]
    assert sorted(done) == [
        "campaign.ended", "campaign.published", "rules.published", "rules.published",
    ]  # fmt: skip


@SQLITE
def test_rules_are_for_managers_and_of_their_program(pages: Pages) -> None:
    assert pages.staff(Role.MANAGER).get(pages.path("/rules")).status_code == 200
    for role in (Role.CASHIER, Role.AUDITOR):
        client = pages.staff(role)
        for rest in ("/rules", "/rules/edit", "/campaigns", "/rules/simulations"):
            assert client.get(pages.path(rest)).status_code == 403
    owner = pages.staff()
    for rest in ("/rules/edit?version=9", "/rules/9/publish", "/rules/simulations/sim_1"):
        assert owner.get(pages.path(rest)).status_code == 404, rest
    for rest in ("/rules/9/publish", "/rules/x/retire", "/campaigns/none/end"):
        assert send(owner, pages.path(rest), {"sure": "on"}).status_code == 404, rest
    assert send(owner, pages.path("/rules/simulate"), {"version": "9"}).status_code == 404


@SQLITE
@pytest.mark.parametrize("look", [ENGLISH, FRENCH], ids=["english light", "french dark phone"])
def test_the_pages_are_accessible_and_the_sample_follows_the_text(
    browser: Browser, pages: Pages, look: dict[str, Any]
) -> None:
    complaints: list[str] = []
    publish(pages.shop, fixed("hello", 7))
    pages.shop.buy(pages.shop.enrol())
    email = pages.add_user(Role.OWNER)
    with opened(browser, look, complaints) as page:
        page.goto(f"{pages.url}/sign-in?after={pages.path('/rules')}")
        page.locator("[name=email]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").click()
        page.wait_for_selector("table")
        inspect(page, "rules")
        page.goto(pages.url + pages.path("/rules/edit"))
        inspect(page, "rules-editor")
        area = page.locator("#f-document")
        area.fill(area.input_value().replace('"points": 7', '"points": 11'))
        page.wait_for_selector("#tried strong:has-text('11')")
        area.fill('{"format": 1,\n "currency": }')
        page.wait_for_selector("#tried .alert.bad")
        inspect(page, "rules-mistake")
        page.goto(pages.url + pages.path("/rules/1/publish"))
        inspect(page, "rules-publish")
        page.goto(pages.url + pages.path("/campaigns"))
        inspect(page, "campaigns")
        page.goto(pages.url + pages.path("/rules"))
        page.locator("form[action$='/simulate'] button").first.click()
        page.wait_for_selector("#figures")
        Simulations(pages.shop.database.ledger).step()
        page.wait_for_selector("#figures table")
        inspect(page, "simulation")
    assert complaints == []
