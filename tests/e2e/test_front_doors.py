"""The three front doors in one story, over a system that runs as anybody runs it.

Somebody enrols by the poster's code, buys at the till, sees it on their card, has the explorer
prove it, takes control with a passkey, redeems with their phone's confirmation, brings the purchase
back; and the auditor's page balances.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.chain.keccak import checksummed
from backend.commands.demo_life import PEOPLE
from backend.core.roles import Role
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.e2e.conftest import NewFolder
from tests.e2e.up_kit import Up, system
from tests.integration.control_kit import give_passkeys

pytest_plugins = ["tests.browser_kit"]

PATIENCE_MS = 60_000
MEMBER = "camille@example.org"
QUIET = ("missing at least one of the default algorithm identifiers",)
"""Chromium would have RS256 as well, which no contract checks."""


@pytest.fixture(scope="module")
def up(new_folder: NewFolder) -> Iterator[Up]:
    with system(new_folder("doors"), MEREAU_DEMO="0", MEREAU_FINALITY="depth:2") as running:
        running.wait_until_serving()
        expect.set_options(timeout=PATIENCE_MS)
        yield running


@pytest.fixture
def site(up: Up) -> str:
    """At a name: passkeys have no place at a number."""
    return up.ready["api_url"].replace("//127.0.0.1:", "//localhost:")


def code_for(page: Page, site: str) -> str:
    """The digits that came by e-mail, from the development inbox."""
    inbox = page.context.new_page()
    for _ in range(100):
        inbox.goto(f"{site}/dev/inbox")
        if found := re.search(r"\b\d{6}\b", inbox.locator("main").inner_text()):
            inbox.close()
            return found[0]
        inbox.wait_for_timeout(200)
    raise AssertionError("no code arrived")


def join(page: Page, site: str, program: str) -> None:
    """By the address in the poster's QR code."""
    page.goto(f"{site}/card/join/{program}")
    inspect(page, "story-join")
    page.locator("#f-name").fill("Camille Durand")
    page.locator("#f-address").fill(MEMBER)
    page.locator("main form button.main").click()
    page.locator("#f-code").fill(code_for(page, site))
    page.locator("main form button.main").click()
    expect(page.locator("main")).to_contain_text("Camille Durand")


def staff(page: Page, site: str, up: Up, role: Role, path: str) -> None:
    page.goto(site + path)
    page.locator("#f-email").fill(PEOPLE[role][0])
    page.locator("#f-password").fill(up.ready["password"])
    page.locator("main form button.main").click()
    page.wait_for_url(f"**{path}")


def buy(page: Page, site: str, place: str, who: str, amount: str) -> str:
    """At the till, by what a scanner types; the receipt's number."""
    page.goto(f"{site}{place}")
    inspect(page, "story-till")
    page.locator("#f-who").fill(who)
    page.locator("#f-who").press("Enter")
    page.locator("#f-amount").fill(amount)
    expect(page.locator("#quote")).to_contain_text("+80")
    inspect(page, "story-till-quote")
    page.get_by_role("button", name="Confirm the purchase").dblclick()
    page.wait_for_url("**/till/purchase/*")
    inspect(page, "story-till-done")
    return str(page.locator("dd.mono").first.inner_text())


def member_of(up: Up) -> dict[str, Any]:
    found = up.ask("GET", f"/v1/members?email={MEMBER}")[1]
    member: dict[str, Any] = found["data"][0]
    return member


def wait_until_settled(up: Up) -> None:
    up.wait_for("nothing in flight", lambda: up.supply()["in_flight"] == 0)


def prove(page: Page, site: str, address: str, points: str) -> None:
    page.goto(f"{site}/explorer/address/{checksummed(bytes.fromhex(address[2:]))}")
    expect(page.locator("[data-level]")).to_have_attribute("data-level", "2")
    expect(page.locator("main")).to_contain_text(points)


def take_control(page: Page, site: str, up: Up) -> None:
    page.goto(f"{site}/card/control")
    page.locator("form[action='/card/control/passkey'] button.main").click()
    on = page.locator("form[action='/card/control/signed-only/on'] button.main")
    on.click()
    expect(page.locator(".badge.good")).to_be_visible()
    inspect(page, "story-control")
    wait_until_settled(up)


def redeem_by_phone(till: Page, phone: Page, site: str, place: str, member: str) -> None:
    till.goto(f"{site}{place}/m/{member}/spend")
    till.locator("#f-points").fill("30")
    till.locator("form[action$='/redeem'] button.main").click()
    till.wait_for_url("**/till/asking/*")
    phone.goto(f"{site}/card/confirm")
    expect(phone.locator("data[data-field=amount]")).to_contain_text("30")
    inspect(phone, "story-confirm")
    phone.locator("form[data-flow] button.main").first.click()
    expect(phone.locator(".badge.good")).to_be_visible()
    till.wait_for_url("**/till/redemption/*")


def test_from_the_poster_to_balanced_books(browser: Browser, up: Up, site: str) -> None:
    complaints: list[str] = []
    program = up.ready["program_id"]
    place = f"/console/p/{program}/till"
    with (
        opened(browser, FRENCH, complaints) as phone,
        opened(browser, ENGLISH, complaints) as till,
    ):
        give_passkeys(phone)
        join(phone, site, program)
        member = member_of(up)
        staff(till, site, up, Role.CASHIER, place)
        qr = up.ask("GET", f"/v1/members/{member['id']}/qr")[1]
        receipt = buy(till, site, place, qr["qr"], "80.40")
        wait_until_settled(up)

        phone.goto(f"{site}/card")
        expect(phone.locator("main")).to_contain_text("80")
        inspect(phone, "story-card")
        prove(phone, site, member["address"], "80")

        take_control(phone, site, up)
        redeem_by_phone(till, phone, site, place, member["id"])
        wait_until_settled(up)
        assert up.supply()["redeemed"] == 30
        prove(phone, site, member_of(up)["address"], "50")

        till.goto(f"{site}{place}/return")
        till.locator("#f-receipt").fill(receipt)
        till.locator("main form button.main").click()
        till.get_by_role("button", name="Take all of it back").click()
        till.wait_for_url("**/till/returned/*")
        inspect(till, "story-returned")
        wait_until_settled(up)

    with opened(browser, ENGLISH, complaints) as auditor:
        staff(auditor, site, up, Role.AUDITOR, f"/audit/p/{program}")
        expect(auditor.locator(".alert.good")).to_contain_text("Balanced")
        inspect(auditor, "story-books")
    assert [each for each in complaints if not any(known in each for known in QUIET)] == []
