"""The explorer in a real browser: what it shows, in which languages and sizes, and how it fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser_kit import ENGLISH, FRENCH, TIMEOUT_MS, findings, opened
from tests.explorer_kit import Site, screenshots

pytest_plugins = ["tests.explorer_fixtures", "tests.browser_kit"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    complaints: list[str] = []
    with opened(browser, ENGLISH, complaints) as fresh:
        yield fresh
    assert complaints == []


def ready(page: Page) -> None:
    page.wait_for_selector("h1")
    # A function to wait for would be evaluated again and again, which the pages' policy forbids.
    expect(page.locator("[aria-busy]")).to_have_count(0, timeout=TIMEOUT_MS)


def choose_node(page: Page, rpc: str, second: str = "") -> None:
    kept = json.dumps(json.dumps({"rpc": rpc, "secondRpc": second}))
    page.add_init_script(f"localStorage.setItem('mereau.explorer', {kept})")


def every_page(site: Site) -> dict[str, str]:
    node = site.stage.node
    logs = node.rpc("eth_getLogs", {"address": site.program, "fromBlock": "0x0"})
    return {
        "home": "",
        "token": f"token/{site.program}",
        "member": f"address/{site.member(1)}",
        "tx": f"tx/{logs[len(logs) // 2]['transactionHash']}",
        "block": f"block/{int(logs[-1]['blockNumber'], 16)}",
        "contract": f"address/0x{site.stage.deployment.settlement.hex()}",
        "settings": "settings",
        "unknown": "nowhere",
    }


@pytest.mark.parametrize("look", [ENGLISH, FRENCH], ids=["english light", "french dark phone"])
def test_every_page_is_accessible_complete_and_quiet(
    browser: Browser, site: Site, look: dict[str, Any]
) -> None:
    complaints: list[str] = []
    with opened(browser, look, complaints) as page:
        for name, path in every_page(site).items():
            page.goto(site.page(path))
            ready(page)
            assert page.locator("html").get_attribute("lang") == look["locale"][:2]
            assert page.locator(".alert").count() == 0, name
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not page.evaluate(wide), f"{name} scrolls sideways"
            assert findings(page) == [], name
            if folder := screenshots():
                file = f"{name}-{look['locale'][:2]}-{look['viewport']['width']}.png"
                page.screenshot(path=folder / file, full_page=True)
    # The browser itself notes that the page of a path nobody has came with status 404.
    assert [each for each in complaints if "404" not in each] == []


def test_a_member_sees_what_they_have_and_that_it_is_proved(page: Page, site: Site) -> None:
    page.goto(site.page(f"address/{site.member(1).lower()}"))
    ready(page)
    assert page.url.endswith(site.member(1)), "the address is shown with its checksum"
    card = page.locator(f"[data-program='{site.program}']")
    expect(card.locator(".big")).to_contain_text("4 points")
    expect(card.locator(".verify")).to_have_attribute("data-level", "2")
    expires = card.get_by_role("table", name="What expires when")
    expect(expires.locator("tbody tr").first).to_contain_text("30 June 2028")
    moved = card.get_by_role("table", name="Points in and out")
    for text in ("−101", "expired", "+60", "given back", "−60"):
        expect(moved).to_contain_text(text)


def test_a_second_node_confirms_the_block(page: Page, site: Site) -> None:
    second = site.liar("honest", lambda _method, _params, result: result)
    choose_node(page, "", second)
    page.goto(site.page(f"address/{site.member(1)}"))
    ready(page)
    expect(page.locator(".verify").first).to_have_attribute("data-level", "3")


def test_a_transaction_is_told_in_sentences(page: Page, site: Site) -> None:
    node = site.stage.node
    (batch, *_) = node.rpc("eth_getLogs", {"address": site.program, "fromBlock": "0x0"})
    page.goto(site.page(f"tx/{batch['transactionHash']}"))
    ready(page)
    story = page.locator(".story")
    expect(story).to_contain_text("In Fidélité, 8 members earned 828 points.")
    expect(story).to_contain_text("Batch 1 of Fidélité was applied: 8 operations.")
    expect(story).to_contain_text("In Pot, 3 members earned 0.21 points.")


def test_search_finds_by_name_number_and_address_from_the_keyboard(page: Page, site: Site) -> None:
    page.goto(site.page())
    ready(page)
    for text, title in (
        ("fidé", "Fidélité FID"),
        ("7", "Block 7"),
        (site.member(2), site.member(2)),
    ):
        page.get_by_role("searchbox").focus()
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text(title)
        page.get_by_role("searchbox").fill("")
    wrong = site.member(2).swapcase().replace("0X", "0x")
    page.goto(site.page(f"address/{wrong}"))
    expect(page.get_by_role("alert")).to_contain_text("is no address")
    page.goto(site.page("search?q=nobody%20has%20this"))
    expect(page.locator("h1")).to_have_text("Nothing found")


def test_a_contract_answers_at_a_chosen_block_and_shows_its_source(page: Page, site: Site) -> None:
    page.goto(site.page(f"address/{site.program}"))
    ready(page)
    page.get_by_label("Question").select_option("balanceOf")
    page.get_by_label("member (address)").fill(site.member(0))
    for block, points in (("6", "0"), ("7", "100")):
        page.get_by_label("At block").fill(block)
        page.get_by_role("button", name="Ask").click()
        expect(page.locator(".answer")).to_contain_text(f"at block {block}:{points}")
    page.get_by_label("member (address)").fill("nonsense")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".answer")).to_contain_text("does not have the form of its type")
    page.get_by_text("Source files").click()
    expect(page.locator("summary").nth(1)).to_have_text("contracts/LoyaltyProgram.sol")


def test_a_program_shows_holders_limits_roles_and_that_its_source_matches(
    page: Page, site: Site
) -> None:
    page.goto(site.page(f"token/{site.program}"))
    ready(page)
    for text in ("Holders (7)", "is the supply that the contract tells", "matches", "48 hours"):
        expect(page.locator("main")).to_contain_text(text)
    page.get_by_role("button", name=re.compile("Show more")).click()
    assert page.get_by_role("table", name="Points in and out").locator("tbody tr").count() == 32


def test_a_silent_node_is_said_and_asked_again(browser: Browser, site: Site) -> None:
    complaints: list[str] = []
    with opened(browser, ENGLISH, complaints) as page:
        down = True

        def answer(route: Route, _: Request) -> None:
            route.abort() if down else route.continue_()

        page.route("**/rpc", answer)
        page.goto(site.page(f"token/{site.program}"))
        expect(page.get_by_role("alert")).to_have_attribute("data-failure", "unreachable")
        down = False
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("h1")).to_contain_text("Fidélité")


def test_a_slow_node_is_waited_for(page: Page, site: Site) -> None:
    held: list[Route] = []
    slow = True
    page.route("**/rpc", lambda route, _: held.append(route) if slow else route.continue_())
    page.goto(site.page())
    expect(page.get_by_role("status")).to_have_text("Asking the node …")
    slow = False
    for each in held:
        each.continue_()
    expect(page.locator("h1")).to_have_text("Méreau explorer")


def test_without_a_node_of_its_own_the_page_asks_for_one(page: Page, site: Site) -> None:
    page.route("**/config.json", lambda route, _: route.fulfill(json={"factory": "", "rpc": ""}))
    page.goto(site.page(f"token/{site.program}"))
    page.get_by_role("link", name="Choose a node").click()
    page.get_by_label(re.compile("^URL of the node")).fill("javascript:alert(1)")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("That is no http or https URL.")
    page.get_by_label(re.compile("^URL of the node")).fill(f"{site.url}/rpc")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("Fidélité")


def test_the_language_can_be_chosen_and_stays(page: Page, site: Site) -> None:
    page.goto(site.page())
    page.get_by_role("button", name="Français").click()
    expect(page.locator("h1")).to_have_text("Explorateur Méreau")
    page.reload()
    expect(page.locator("h1")).to_have_text("Explorateur Méreau")
