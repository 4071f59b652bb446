"""Exports: whole while purchases go on, safe in a spreadsheet, personal only for those who may."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pyarrow.parquet
import pytest

from backend.core.exports import as_csv
from backend.core.roles import Role
from backend.duties.exports import LEASE_MS, ExportDuty
from backend.ledger import export_rows
from tests.api_client import Clock, make_house, make_merchant
from tests.conftest import LedgerDatabase
from tests.pages_kit import Pages, open_pages, send, sign_in

pytest_plugins = ["tests.pages_kit"]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def pages(ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[Pages]:
    """With a folder for files."""
    clock = Clock()
    house = replace(make_house(ledger_database, clock), downloads=tmp_path / "downloads")
    with open_pages(ledger_database, clock, house) as opened:
        yield opened


def duty_of(pages: Pages) -> ExportDuty:
    house = pages.shop.house
    assert house.downloads is not None
    return ExportDuty(pages.shop.database.ledger, house.vault, house.downloads, pages.shop.clock)


def ask(pages: Pages, client: httpx2.Client, subject: str, **fields: str) -> None:
    pages.shop.clock.forward(1)
    body = {"subject": subject, "format": "csv", "key": pages.shop.house.new_id("x")} | fields
    assert send(client, pages.path("/exports"), body).status_code == 303


def newest(pages: Pages, client: httpx2.Client) -> httpx2.Response:
    found = re.search(r'href="([^"]+/exports/exp_\w+)"', client.get(pages.path("/exports")).text)
    assert found is not None
    return client.get(found[1])


def lines_of(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_no_entry_is_lost_or_doubled_while_purchases_go_on(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_rows, "PAGE", 4)
    shop, owner = pages.shop, pages.staff()
    member = shop.enrol()
    for _ in range(11):
        shop.buy(member, 1_000)
    for subject in ("operations", "purchases"):
        ask(pages, owner, subject)
    shop.buy(member, 1_000)
    duty = duty_of(pages)
    pages_read = export_rows.operations

    def operations_at_a_busy_till(*given: object) -> object:
        for lines in pages_read(*given):  # type: ignore[arg-type]
            shop.buy(member, 1_000)
            yield lines

    monkeypatch.setattr(export_rows, "operations", operations_at_a_busy_till)
    assert duty.step() == 1
    operations = lines_of(newest(pages, owner))
    assert [int(line["entry_no"]) for line in operations] == list(range(1, 12))
    hashes = {row["entry_no"]: row["entry_hash"] for row in shop.records("journal")}
    assert all(hashes[int(line["entry_no"])] == line["entry_hash"] for line in operations)
    assert duty.step() == 1
    purchases = lines_of(newest(pages, owner))
    assert len({line["receipt_id"] for line in purchases}) == len(purchases) == 11
    assert duty.step() == 0


def test_balances_say_what_expires_when(pages: Pages) -> None:
    shop = pages.shop
    shop.program_id = shop.open_program(
        expiry={"period_months": 3, "validity_periods": 4, "timezone": "Europe/Paris"}
    )
    rich, poor = shop.enrol(), shop.enrol()
    shop.buy(rich, 5_000)
    shop.clock.forward(100 * 86_400)
    shop.buy(rich, 2_000)
    shop.redeem(rich, 10)
    owner = pages.staff()
    ask(pages, owner, "balances")
    ask(pages, owner, "redemptions")
    duty = duty_of(pages)
    duty.step()
    lines = lines_of(newest(pages, owner))
    mine = [line for line in lines if line["member_id"] == rich]
    assert [(line["expiring_points"], line["spendable_points"]) for line in mine] == [
        ("40", "60"),
        ("20", "60"),
    ]
    read = shop.get(f"/members/{rich}/balance").json()
    assert [line["expires_after"] for line in mine] == [e["last_day"] for e in read["expiring"]]
    (none,) = [line for line in lines if line["member_id"] == poor]
    assert (none["spendable_points"], none["expires_after"]) == ("0", "")
    duty.step()
    (held,) = lines_of(newest(pages, owner))
    assert (held["points"], held["state"]) == ("10", "held")


@SQLITE
def test_members_are_named_only_for_those_who_may(pages: Pages) -> None:
    shop, owner = pages.shop, pages.staff()
    auditor = pages.staff(Role.AUDITOR)
    shop.enrol(email="=cmd@example.org")
    shop.enrol(phone="+33612345678")
    duty = duty_of(pages)
    ask(pages, owner, "members", personal="on")
    duty.step()
    named = newest(pages, owner)
    lines = lines_of(named)
    assert "'=cmd@example.org" in [line["email"] for line in lines]
    assert "'+33612345678" in [line["phone"] for line in lines]
    assert str(named.url).rsplit("/", 1)[-1] not in auditor.get(pages.path("/exports")).text
    assert auditor.get(str(named.url)).status_code == 404
    refused = {"subject": "members", "format": "csv", "personal": "on", "key": "k"}
    assert send(auditor, pages.path("/exports"), refused).status_code == 422
    ask(pages, auditor, "members")
    duty.step()
    text = newest(pages, auditor).text
    assert "example.org" not in text
    assert text.count("active") == 2
    trail = owner.get("/console/users/trail?kind=export").text
    assert trail.count("downloaded an export") == 2
    assert "example.org" not in trail.replace("someone", "")


@SQLITE
def test_parquet_has_the_same_with_types(pages: Pages, tmp_path: Path) -> None:
    shop, owner = pages.shop, pages.staff()
    shop.buy(shop.enrol(), 1_234)
    ask(pages, owner, "purchases", format="parquet")
    duty_of(pages).step()
    path = tmp_path / "purchases.parquet"
    path.write_bytes(newest(pages, owner).content)
    table = pyarrow.parquet.read_table(path)
    assert table.column("amount_minor").to_pylist() == [1234]
    moment = table.column("occurred_at").to_pylist()[0]
    assert moment.isoformat() == "2025-12-31T17:30:00+00:00"


@SQLITE
def test_a_worker_that_died_is_followed_by_another(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, owner = pages.shop, pages.staff()
    shop.buy(shop.enrol(), 1_000)
    ask(pages, owner, "operations")
    duty = duty_of(pages)

    class Killed(BaseException):
        """What no handler of ours catches: the process is gone."""

    def die(*_: object) -> object:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(export_rows, "operations", die)
        with pytest.raises(Killed):
            duty.step()
    assert duty.step() == 0
    listed = owner.get(pages.path("/exports/list")).text
    assert "<progress" in listed
    assert "every 1s" in listed
    shop.clock.forward(LEASE_MS // 1000)
    assert duty.step() == 1
    assert len(lines_of(newest(pages, owner))) == 1
    assert "every 1s" not in owner.get(pages.path("/exports/list")).text


@SQLITE
def test_files_are_the_owners_and_go_after_some_days(pages: Pages) -> None:
    shop, owner = pages.shop, pages.staff()
    ask(pages, owner, "operations")
    duty = duty_of(pages)
    duty.step()
    (path,) = duty.downloads.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    answer = newest(pages, owner)
    assert pages.staff(Role.CASHIER).get(str(answer.url)).status_code == 403
    merchant_id, _, _ = make_merchant(shop.database, shop.house, "Other")
    other = pages.visitor()
    sign_in(other, pages.add_user(Role.OWNER, merchant_id))
    assert other.get(str(answer.url)).status_code == 404
    shop.clock.forward(7 * 86_400 + 1)
    owner = pages.staff()
    assert duty.step() == 1
    assert not list(duty.downloads.iterdir())
    assert owner.get(str(answer.url)).status_code == 404
    assert "removed" in owner.get(pages.path("/exports")).text


def test_a_spreadsheet_runs_nothing() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"):
        assert as_csv(text, "text") == f"'{text}"
    assert as_csv("a=b", "text") == "a=b"
    assert as_csv(-5, "integer") == "-5"
    assert as_csv(None, "integer") == ""
