"""The overview of a program: its tiles, its series and cohorts, and who may see them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from backend.core.roles import Role
from backend.ledger.keep_figures import keep_figures
from tests.api_client import make_merchant
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.pages_kit import PASSWORD, Pages, send, sign_in

pytest_plugins = ["tests.pages_kit", "tests.browser_kit"]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def fill(pages: Pages) -> None:
    """Three members; two bought in two months, one returned something, one redeemed."""
    shop = pages.shop
    anna, bert, carla = (shop.enrol() for _ in range(3))
    shop.buy(anna, 4_000, occurred_at="2025-11-03T10:00:00+01:00")
    shop.buy(anna, 6_000, occurred_at="2025-12-05T10:00:00+01:00")
    shop.buy(bert, 2_000, occurred_at="2025-11-20T10:00:00+01:00")
    bought = shop.buy(bert, 3_000, occurred_at="2025-12-30T10:00:00+01:00")
    shop.buy(carla, 5_000, occurred_at="2025-12-31T10:00:00+01:00")
    assert shop.post(f"/purchases/{bought['id']}/returns", {}).status_code == 201
    shop.redeem(anna, 25, capture=True)


def tile(text: str, label: str) -> str:
    """What the tile with this label says, without markup."""
    inside = text.split(f"<dt>{label}</dt>")[1].split("</dd>")[0]
    return " ".join(inside.replace("<", " <").replace(">", "> ").split("<dd>")[1].split())


@SQLITE
def test_tiles_say_the_period_and_compare_it(pages: Pages) -> None:
    fill(pages)
    owner = pages.staff()
    for _ in range(2):
        text = owner.get(pages.path("?period=30d")).text
        assert "3" in tile(text, "Active members")
        assert "€140.00" in tile(text, "Sales to members")
        assert "of which €30.00 returned" in tile(text, "Sales to members")
        assert "€46.67" in tile(text, "Average basket")
        assert tile(text, "Points issued").startswith("140")
        assert tile(text, "Redemption rate").startswith("17.9")
        # What is kept and what came since add up to the same.
        keep_figures(pages.shop.database.ledger)
    text = owner.get(pages.path("?period=custom&from=2025-12-01&to=2025-12-31")).text
    assert "+50" in tile(text, "Active members")
    assert tile(owner.get(pages.path("?period=all")).text, "Points issued").startswith("200")
    wrong = owner.get(pages.path("?period=custom&from=2026-01-05&to=2025-01-01"))
    assert wrong.status_code == 200
    assert "are no period" in wrong.text


@SQLITE
def test_series_and_cohorts_have_every_number(pages: Pages) -> None:
    fill(pages)
    owner = pages.staff()
    place = pages.path("/overview/series?period=custom&from=2025-11-01&to=2026-01-01")
    drawn = owner.get(f"{place}&step=month&as=json").json()
    assert (drawn["issued"], drawn["redeemed"]) == ([60, 140, 0], [0, 0, 25])
    assert "€140.00" in owner.get(f"{place}&step=month").text
    cohorts = owner.get(pages.path("/overview/cohorts")).text
    # Two began in November and both came back in December; one began in December.
    november = cohorts.split("Nov 2025</th>")[1].split("</tr>")[0]
    assert [part.split("<")[0] for part in november.split('"number">')[1:]] == ["2", "2", "0"]
    assert "100 %" in cohorts


@SQLITE
def test_the_liability_is_what_points_cost_as_somebody_said(pages: Pages) -> None:
    fill(pages)
    owner = pages.staff()
    assert "Nobody has said yet" in owner.get(pages.path()).text
    cost = pages.path("/overview/cost")
    assert send(owner, cost, {"points": "100", "cost": "x", "used": ""}).status_code == 422
    said = {"points": "100", "cost": "1,00", "used": "60"}
    assert send(owner, cost, said).status_code == 303
    text = owner.get(pages.path()).text
    # 145 points outstanding are 1.45 at full use.
    assert "€1.45" in text
    assert "€0.87" in tile(text, "Liability")
    assert send(owner, cost, {"points": "", "cost": "", "used": ""}).status_code == 303
    assert "Nobody has said yet" in owner.get(pages.path()).text


@SQLITE
def test_figures_are_for_those_who_lead(pages: Pages) -> None:
    cashier, auditor = pages.staff(Role.CASHIER), pages.staff(Role.AUDITOR)
    for client in (cashier, auditor):
        for path in ("", "/overview/series", "/overview/cohorts", "/overview/cost"):
            assert client.get(pages.path(path)).status_code == 403
    merchant_id, _, _ = make_merchant(pages.shop.database, pages.shop.house, "Other")
    other = pages.visitor()
    sign_in(other, pages.add_user(Role.OWNER, merchant_id))
    for path in ("", "/overview/series", "/overview/cohorts", "/overview/cost"):
        assert other.get(pages.path(path)).status_code == 404


@SQLITE
@pytest.mark.parametrize("look", [ENGLISH, FRENCH], ids=["english light", "french dark phone"])
def test_the_desk_in_a_browser(browser: Browser, pages: Pages, look: dict[str, object]) -> None:
    fill(pages)
    send(pages.staff(), pages.path("/overview/cost"), {"points": "100", "cost": "1", "used": "60"})
    complaints: list[str] = []
    with opened(browser, look, complaints) as page:
        page.goto(f"{pages.url}/sign-in?after=/console")
        page.locator("#f-email").fill(pages.add_user(Role.OWNER, name="Odile Martin"))
        page.locator("#f-password").fill(PASSWORD)
        page.locator("main button.main").click()
        page.wait_for_url(f"{pages.url}{pages.path()}")
        page.goto(f"{pages.url}{pages.path('?period=year')}")
        page.wait_for_selector(".plot canvas")
        page.wait_for_selector("svg.heat")
        inspect(page, "overview")
        page.goto(f"{pages.url}{pages.path('/overview/cost')}")
        inspect(page, "overview-cost")
        page.goto(f"{pages.url}/console/keys")
        page.locator("#f-label").fill("Caisse 2")
        page.locator("main button.main").click()
        page.wait_for_selector("#shown-once")
        inspect(page, "key-created")
        page.goto(f"{pages.url}{pages.path('/exports')}")
        page.locator("main button.main").click()
        page.wait_for_selector("#exports table")
        inspect(page, "exports")
        for name in ("keys", "users", "users/trail", "password", "requests"):
            page.goto(f"{pages.url}/console/{name}")
            inspect(page, name.replace("/", "-"))
        page.goto(f"{pages.url}/console/users")
        page.locator("main th a").first.click()
        inspect(page, "user")
    assert complaints == []
