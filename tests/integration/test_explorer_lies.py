"""A node that lies, and a page that would do harm: caught in the browser, and shown in red."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, expect

from backend.chain.keccak import keccak256, selector
from tests.browser_kit import ENGLISH, opened
from tests.explorer_kit import Lie, Site, running
from tests.integration.test_explorer_pages import choose_node, ready

pytest_plugins = ["tests.explorer_fixtures", "tests.browser_kit"]

BALANCE_OF = "0x" + selector("balanceOf(address)").hex()
TRANSFER = "0x" + keccak256(b"Transfer(address,address,uint256)").hex()


def balance(method: str, params: Any, result: Any) -> Any:
    asked = method == "eth_call" and params[0]["data"].startswith(BALANCE_OF)
    return f"{1_000_000:#066x}" if asked else result


def state_root(method: str, _: Any, result: Any) -> Any:
    return result | {"stateRoot": "0x" + "12" * 32} if method == "eth_getBlockByNumber" else result


def header(method: str, _: Any, result: Any) -> Any:
    return result | {"timestamp": "0x70000000"} if method == "eth_getBlockByNumber" else result


def block_hash(method: str, _: Any, result: Any) -> Any:
    return result | {"hash": "0x" + "34" * 32} if method == "eth_getBlockByNumber" else result


def account_proof(method: str, _: Any, result: Any) -> Any:
    if method == "eth_getProof":
        last = result["accountProof"][-1]
        return result | {"accountProof": [*result["accountProof"][:-1], last[:-2] + "00"]}
    return result


def storage_proof(method: str, _: Any, result: Any) -> Any:
    if method == "eth_getProof":
        (entry,) = result["storageProof"]
        last = entry["proof"][-1]
        forged = entry | {"proof": [*entry["proof"][:-1], last[:-2] + "7f"], "value": "0x7f"}
        return result | {"storageProof": [forged]}
    return result


def no_record(method: str, _: Any, result: Any) -> Any:
    """Points denied: the proof stops where the member's record would come."""
    if method == "eth_getProof":
        (entry,) = result["storageProof"]
        return result | {"storageProof": [entry | {"proof": entry["proof"][:-1]}]}
    return result


def code(method: str, _: Any, result: Any) -> Any:
    """Points that would live longer: another validity in the program's rules."""
    return result.replace("f43100030200", "f43100030400") if method == "eth_getCode" else result


def hidden_log(method: str, _: Any, result: Any) -> Any:
    moved = method == "eth_getLogs" and result and result[0]["topics"][0] == TRANSFER
    return result[1:] if moved else result


LIES: dict[str, tuple[Lie, str]] = {
    "balance": (balance, "balance"),
    "state root": (state_root, "header"),
    "header": (header, "header"),
    "block hash": (block_hash, "header"),
    "account proof": (account_proof, "account"),
    "storage proof": (storage_proof, "storage"),
    "no record": (no_record, "storage"),
    "code": (code, "account"),
    "hidden log": (hidden_log, "logs"),
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened(browser, ENGLISH, []) as fresh:
        yield fresh


@pytest.mark.parametrize("name", LIES)
def test_a_lie_of_the_node_is_caught_and_shown(page: Page, site: Site, name: str) -> None:
    lie, caught_by = LIES[name]
    choose_node(page, site.liar(name.replace(" ", "-"), lie))
    page.goto(site.page(f"address/{site.member(1)}?token={site.program}"))
    ready(page)
    panel = page.locator(".verify").first
    expect(panel).to_have_class("verify refuted")
    expect(panel.get_by_role("alert")).to_contain_text("Do not trust this balance")
    expect(panel.locator(f"[data-check={caught_by}]")).to_have_class("failed")
    expect(panel.locator(".levels li.failed")).to_contain_text("Not proved")
    red = panel.locator(".levels li.failed").evaluate("each => getComputedStyle(each).color")
    assert red == "rgb(168, 18, 31)"
    if name == "balance":
        expect(page.locator(".big").first).to_contain_text("1,000,000 points")
        expect(panel).to_contain_text("said 1000000, should be 4")


@pytest.mark.parametrize("times", [1, 2])
def test_a_node_that_was_between_two_blocks_is_asked_again(
    page: Page, site: Site, times: int
) -> None:
    """As anvil while it reckons a state root: it has the next block's already."""
    left = times

    def between(method: str, params: Any, result: Any) -> Any:
        nonlocal left
        if method == "eth_getProof" and left:
            left -= 1
            return account_proof(method, params, result)
        return result

    choose_node(page, site.liar(f"between-{times}", between))
    page.goto(site.page(f"address/{site.member(1)}?token={site.program}"))
    ready(page)
    expect(page.locator(".verify").first).to_have_attribute("data-level", "2")
    assert left == 0


def test_a_second_node_that_has_another_block_is_shown(page: Page, site: Site) -> None:
    choose_node(page, "", site.liar("second", block_hash))
    page.goto(site.page(f"address/{site.member(1)}"))
    ready(page)
    panel = page.locator(".verify").first
    expect(panel.locator("[data-check=second]")).to_have_class("failed")
    expect(panel.get_by_role("alert")).to_be_visible()


def test_a_forged_block_page_is_shown(page: Page, site: Site) -> None:
    choose_node(page, site.liar("forger", header))
    page.goto(site.page("block/7"))
    expect(page.get_by_role("alert")).to_contain_text("not the hash of its header")


def test_a_page_of_another_origin_changes_nothing(page: Page, site: Site) -> None:
    """Neither by the API's proxy nor, past it, at the node itself."""
    elsewhere = FastAPI()
    elsewhere.add_api_route("/", lambda: HTMLResponse("<title>elsewhere</title>"))
    node = site.stage.node
    slot = (site.program, "0x1", "latest")
    before = node.rpc("eth_blockNumber"), node.rpc("eth_getStorageAt", *slot)
    attack = """async ([url, method, params, type, mode]) => {
      const body = JSON.stringify({jsonrpc: "2.0", id: 1, method, params});
      try {
        const headers = {"Content-Type": type};
        const answer = await fetch(url, {method: "POST", headers, body, mode});
        return answer.type === "opaque" ? "opaque" : await answer.text();
      } catch { return "refused"; }
    }"""
    cheats: list[tuple[str, list[str]]] = [
        ("evm_mine", []),
        ("anvil_setStorageAt", [site.program, "0x" + "00" * 31 + "01", "0x" + "ff" * 32]),
        ("eth_chainId", []),
    ]
    with running(elsewhere) as url:
        # Another name for the same machine is another site to a browser.
        page.goto(url.replace("127.0.0.1", "localhost"))
        for target in (f"{site.url}/rpc", node.url):
            for method, params in cheats:
                for kind, mode in (("text/plain", "no-cors"), ("application/json", "cors")):
                    said = page.evaluate(attack, [target, method, params, kind, mode])
                    assert said in {"refused", "opaque"}, (target, method, kind, said)
    assert (node.rpc("eth_blockNumber"), node.rpc("eth_getStorageAt", *slot)) == before
