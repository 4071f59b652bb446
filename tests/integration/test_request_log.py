"""The log of API calls: what stands in it, what never does, and that it gives way to the till."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from backend.core.roles import Role
from backend.duties.requests import ForgetRequests
from backend.services import request_recorder
from backend.services.request_recorder import KEY_NOTED_MS, RequestRecorder
from tests.api_client import Clock, Shop, make_house, make_merchant
from tests.conftest import LedgerDatabase
from tests.ledger_audit import records_of
from tests.pages_kit import Pages, open_pages, sign_in

pytest_plugins = ["tests.pages_kit"]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
NEVER = 3_600.0


@pytest.fixture
def pages(ledger_database: LedgerDatabase) -> Iterator[Pages]:
    """With a log that is written when the test says so."""
    clock = Clock()
    recorder = RequestRecorder(ledger_database.ledger, clock, NEVER)
    house = replace(make_house(ledger_database, clock), requests=recorder)
    with open_pages(ledger_database, clock, house) as opened:
        recorder.flush()
        yield opened


def flush(pages: Pages) -> None:
    assert pages.shop.house.requests is not None
    pages.shop.house.requests.flush()


def logged(shop: Shop) -> list[dict[str, Any]]:
    return sorted(records_of(shop.database.ledger, "api_requests"), key=lambda row: row["id"])


def test_a_call_is_logged_without_what_it_sent(pages: Pages) -> None:
    shop, owner = pages.shop, pages.staff()
    shop.clock.forward(1)
    member = shop.enrol(email="anna@example.org")
    shop.clock.forward(1)
    shop.get("/members", email="anna@example.org")
    shop.clock.forward(1)
    refused = shop.post("/redemptions", shop.redemption(member, 5))
    owner.get("/console")
    pages.visitor().get("/v1/programs/x", headers={"Authorization": "Bearer mk_wrong"})
    flush(pages)
    rows = [row for row in logged(shop) if row["at_ms"] > 1_767_225_600_000]
    said = [(row["method"], row["route"], row["status"], row["code"]) for row in rows]
    assert said == [
        ("POST", "/v1/members", 201, None),
        ("GET", "/v1/members", 200, None),
        ("POST", "/v1/redemptions", 409, "insufficient_points"),
    ]
    assert rows[-1]["id"] == refused.json()["request_id"]
    assert all(
        (row["merchant_id"], row["key_id"]) == (shop.merchant_id, shop.key_id) for row in rows
    )
    assert "anna" not in str(rows)
    assert member not in str(rows)
    assert shop.secret not in str(rows)


def test_the_page_filters_and_finds_and_shows_nobody_elses(pages: Pages) -> None:
    shop, owner = pages.shop, pages.staff()
    member = shop.enrol()
    shop.buy(member)
    refused = shop.post("/redemptions", shop.redemption(member, 5_000))
    flush(pages)
    page = owner.get("/console/requests")
    assert "/v1/purchases" in page.text
    only = owner.get("/console/requests", params={"status": "4"}).text
    assert "insufficient_points" in only
    assert "/v1/purchases" not in only
    by_code = owner.get("/console/requests", params={"code": "insufficient_points"}).text
    assert by_code.count("/v1/redemptions") == 1
    request_id = refused.json()["request_id"]
    place = owner.get("/console/requests", params={"id": request_id}).headers["location"]
    assert "insufficient_points" in owner.get(place).text
    merchant_id, _, _ = make_merchant(shop.database, shop.house, "Other")
    other = pages.visitor()
    sign_in(other, pages.add_user(Role.OWNER, merchant_id))
    assert other.get(place).status_code == 404
    assert "/v1/purchases" not in other.get("/console/requests").text
    for role in (Role.MANAGER, Role.CASHIER, Role.AUDITOR):
        assert pages.staff(role).get("/console/requests").status_code == 403


def test_a_keys_last_use_is_noted_once_a_minute(pages: Pages) -> None:
    shop = pages.shop

    def noted() -> int | None:
        (row,) = [r for r in shop.records("api_keys") if r["id"] == shop.key_id]
        last: int | None = row["last_used_at_ms"]
        return last

    first = noted()
    assert first == shop.clock.now_ms
    shop.clock.forward(30)
    shop.enrol()
    flush(pages)
    assert noted() == first
    shop.clock.forward(KEY_NOTED_MS // 1000)
    shop.enrol()
    flush(pages)
    assert noted() == shop.clock.now_ms


@SQLITE
def test_the_log_gives_way_and_counts_what_it_dropped(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = pages.shop
    monkeypatch.setattr(request_recorder, "HELD_MAX", 2)
    for _ in range(5):
        shop.enrol()
    flush(pages)
    monkeypatch.setattr(request_recorder, "HELD_MAX", 100)

    def busy(engine: Engine) -> object:
        raise OperationalError("BEGIN", {}, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(request_recorder, "writing", busy)
        shop.enrol()
        flush(pages)
    flush(pages)
    (row,) = records_of(shop.database.ledger, "api_requests_dropped")
    assert row["calls"] == 4
    assert "4 calls of the last 7 days" in pages.staff().get("/console/requests").text


@SQLITE
def test_old_calls_are_forgotten(pages: Pages) -> None:
    shop = pages.shop
    shop.enrol()
    flush(pages)
    old = len(logged(shop))
    shop.clock.forward(14 * 86_400 + 1)
    shop.enrol()
    flush(pages)
    duty = ForgetRequests(shop.database.ledger, shop.clock, 14)
    assert duty.step() == old
    assert duty.step() == 0
    assert len(logged(shop)) == 1


@SQLITE
def test_the_recorder_writes_by_itself_and_at_its_end(ledger_database: LedgerDatabase) -> None:
    clock = Clock()
    house = make_house(ledger_database, clock)
    merchant_id, key_id, _ = make_merchant(ledger_database, house, "Martin")
    recorder = RequestRecorder(ledger_database.ledger, clock, 0.01)
    recorder.start()
    recorder.record("req_1", (merchant_id, key_id), clock.now_ms, "GET", "/v1/members", 200, None)
    recorder.stop()
    assert [row["id"] for row in records_of(ledger_database.ledger, "api_requests")] == ["req_1"]
