"""The books as an auditor reads them, over a chain that has lived."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from backend.core.roles import Role
from backend.duties.packs import PackDuty
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.tables import OutboxEntry
from scripts import _deployment
from tests.anvil import Anvil
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front_pages
from tests.pages_kit import Pages, send

pytest_plugins = ["tests.integration.settle_fixtures", "tests.browser_kit"]

Books = tuple[Front, Pages]


@pytest.fixture
def books(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Books]:
    with open_front_pages(ledger_database, shared_anvil) as (front, pages):
        shop = front.till
        member = shop.enrol()
        bought = shop.buy(member, 10_000)
        shop.redeem(member, 30, capture=True)
        shop.buy(member, 2_500)
        front.settle()
        shop.post(f"/purchases/{bought['id']}/returns", {"amount_minor": 4_000})
        front.settle()
        front.look()
        yield front, pages


def root(pages: Pages) -> str:
    return f"/audit/p/{pages.shop.program_id}"


def figures(text: str) -> dict[str, list[str]]:
    """The balance's rows by their names."""
    rows = re.findall(r"<tr[^>]*>\s*<th scope=\"row\"[^>]*>(.*?)</th>(.*?)</tr>", text, re.DOTALL)
    return {name: re.findall(r"<td class=\"number\">([^<]*)</td>", cells) for name, cells in rows}


def test_the_balance_is_even_now_and_at_a_block_before(books: Books) -> None:
    front, pages = books
    auditor = pages.staff(Role.AUDITOR)
    page = auditor.get(root(pages))
    assert "Balanced" in page.text
    rows = figures(page.text)
    assert rows["Issued"] == ["125", "125"]
    assert rows["of these, redeemed"][0] == "30"
    assert rows["of these, taken back with returns"][0] == "40"
    assert rows["Outstanding"] == ["55", "55"]
    assert rows["totalSupply()"] == ["55"]
    number = front.desk.chain.head().number
    blocks = (
        auditor.get(root(pages), params={"block": str(block)}) for block in range(number, 0, -1)
    )
    before = (one for one in blocks if figures(one.text)["Outstanding"] != ["55", "55"])
    earlier = next(before)
    assert "Balanced" in earlier.text
    beyond = auditor.get(root(pages), params={"block": str(number + 1_000)})
    assert (beyond.status_code, "do not reach this block" in beyond.text) == (404, True)


def test_books_that_were_tampered_with_do_not_balance(books: Books) -> None:
    _, pages = books
    with writing(pages.shop.database.ledger) as connection:
        connection.execute(table_of(OutboxEntry).update().values(lapsed_points=5))
    page = pages.staff(Role.AUDITOR).get(root(pages))
    assert "Not balanced" in page.text
    assert "differs by" in page.text


def test_each_word_of_each_batch_has_its_proof(books: Books) -> None:
    _, pages = books
    auditor = pages.staff(Role.AUDITOR)
    batches = auditor.get(f"{root(pages)}/batches").text
    seqs = {int(seq) for seq in re.findall(r"/batches/(\d+)\"", batches)}
    assert seqs == set(range(1, max(seqs) + 1))
    words = 0
    for seq in seqs:
        batch = auditor.get(f"{root(pages)}/batches/{seq}").text
        assert "is the one on chain" in batch
        for operation in re.findall(r"/proofs/(op_\w+)\"", batch):
            assert "It holds" in auditor.get(f"{root(pages)}/proofs/{operation}").text
            file = auditor.get(f"{root(pages)}/proofs/{operation}/file").json()
            api = pages.shop.get(f"/operations/{operation}/proof").json()
            assert file == {name: api[name] for name in file}
            words += 1
    assert words == 4
    assert auditor.get(f"{root(pages)}/batches/999").status_code == 404


def test_changes_are_told_in_words_and_liability_adds_up(books: Books) -> None:
    _, pages = books
    auditor = pages.staff(Role.AUDITOR)
    changes = auditor.get(f"{root(pages)}/changes").text
    assert "may settle from" in changes
    assert "no limit" in changes
    liability = auditor.get(f"{root(pages)}/liability").text
    assert re.search(r"<td class=\"number\">55</td>", liability)


def test_only_those_who_may_read_the_books_do(books: Books) -> None:
    _, pages = books
    assert pages.staff(Role.CASHIER).get(root(pages)).status_code == 403
    assert pages.visitor().get(root(pages)).headers["location"].startswith("/sign-in")
    assert pages.staff(Role.AUDITOR).get(pages.path("/members")).status_code in {403, 404}
    stranger = pages.staff(Role.OWNER).get("/audit/p/prg_" + "0" * 26)
    assert stranger.status_code == 404


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_proof_pack_is_made_beside_the_till_and_checked_without_it(
    books: Books, shared_anvil: Anvil, tmp_path: Path
) -> None:
    front, pages = books
    downloads, data = tmp_path / "downloads", tmp_path / "data"
    deployment = front.desk.deployment
    parts = {
        "Settlement": deployment.settlement,
        "ProgramFactory": deployment.factory,
        "LoyaltyProgram": deployment.logic,
    }
    (data / "deployments").mkdir(parents=True)
    known = {"tx_hash": "0x" + "11" * 32, "block_number": 1, "constructor_arguments": []}
    contracts = {name: {"address": f"0x{at.hex()}", **known} for name, at in parts.items()}
    _deployment.write_record(
        data, chain_id=deployment.chain_id, roles={"operators": []}, contracts=contracts
    )
    bare = {name: text for name, text in os.environ.items() if not name.startswith("MEREAU_")}
    environment = {**bare, "MEREAU_DATA": str(data), "MEREAU_RPC_URL": shared_anvil.url}
    object.__setattr__(pages.shop.house, "downloads", downloads)
    duty = PackDuty(pages.shop.database.ledger, downloads, environment, pages.shop.clock)
    auditor = pages.staff(Role.AUDITOR)
    for _ in range(2):
        assert send(auditor, f"{root(pages)}/pack", {}).status_code == 303
    assert "being made" in auditor.get(f"{root(pages)}/pack/list").text
    # What is packed is final.
    shared_anvil.rpc("anvil_mine", hex(100))
    assert duty.step() == 1
    assert duty.step() == 0
    page = auditor.get(f"{root(pages)}/pack").text
    assert "failed" not in page, page
    (link,) = re.findall(r"href=\"(/audit/p/\w+/pack/pck_\w+)\"", page)
    pack = tmp_path / "found.zip"
    pack.write_bytes(auditor.get(link).content)
    arguments = ["pack", str(pack), "--report", str(tmp_path / "again.json"), "--data", str(data)]
    offline = {**bare, "MEREAU_RPC_URL": "http://127.0.0.1:1"}
    subprocess.run([sys.executable, "-m", "auditor", *arguments], env=offline, check=False)
    again = json.loads((tmp_path / "again.json").read_text())["report"]
    assert again["compared"]["receipts"]["operations"] == 4
    assert {each["code"] for each in again["findings"]} <= {"record_differs"}
    pages.shop.clock.forward(8 * 86_400)
    assert duty.step() == 1
    assert pages.staff(Role.AUDITOR).get(link).status_code == 404


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_books_are_accessible_in_both_languages(browser: Browser, books: Books) -> None:
    _, pages = books
    complaints: list[str] = []
    token = pages.staff(Role.AUDITOR).cookies["mereau_staff"]
    for look in (ENGLISH, FRENCH):
        with opened(browser, look, complaints) as page:
            page.context.add_cookies([{"name": "mereau_staff", "value": token, "url": pages.url}])
            for path in ("", "/liability", "/batches", "/batches/1", "/changes", "/pack"):
                page.goto(pages.url + root(pages) + path)
                inspect(page, f"books{path.replace('/', '-')}")
    assert complaints == []
