"""`points.expiring`: a merchant is told a month before, once for each member."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from backend.services.tell_expiring import ExpiringSweep
from tests.api_client import Clock, Shop, open_shop
from tests.conftest import LedgerDatabase
from tests.integration.test_statements import PARIS, at, settle
from tests.ledger_audit import audit
from tests.webhook_kit import listen

QUARTERS = PARIS | {"period_months": 3}


@pytest.fixture
def shop(ledger_database: LedgerDatabase) -> Iterator[Shop]:
    with open_shop(ledger_database, Clock()) as opened:
        at(opened, "2026-01-10T12:00:00+01:00")
        opened.program_id = opened.open_program(expiry=QUARTERS)
        yield opened


def sweep(shop: Shop) -> list[dict[str, object]]:
    """What another process tells, until there is nothing left."""
    known = {row["id"] for row in shop.records("webhook_events")}
    fresh = ExpiringSweep(shop.database.ledger, shop.clock, shop.house.new_id)
    while fresh.step():
        pass
    told = [row for row in shop.records("webhook_events") if row["id"] not in known]
    assert {row["type"] for row in told} <= {"points.expiring"}
    return [json.loads(row["data"]) for row in told]


def test_each_member_is_told_of_once_a_month_before(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.services.tell_expiring.SLICE_MEMBERS", 2)
    members = sorted(shop.enrol() for _ in range(5))
    for number, member in enumerate(members[:4], 1):
        shop.buy(member, number * 1000)
    # Of this one's 40 points none will be left to expire.
    shop.redeem(members[3], 40, capture=True)
    settle(shop)
    at(shop, "2026-05-31T12:00:00+02:00")
    assert sweep(shop) == [], "nobody listens"
    listen(shop, "http://127.0.0.1:9/hook", "points.expiring")
    assert sweep(shop) == [], "it is early"
    at(shop, "2026-06-01T01:00:01+02:00")
    expected = [
        {"member_id": member, "points": 10 * number, "last_day": "2026-06-30"}
        for number, member in enumerate(members[:3], 1)
    ]
    told = sorted(sweep(shop), key=lambda one: str(one["member_id"]))
    assert [{k: v for k, v in one.items() if k != "program_id"} for one in told] == expected
    assert sweep(shop) == [], "once"
    audit(shop.database.ledger)


def test_points_that_never_expire_are_not_told_of(shop: Shop) -> None:
    shop.program_id = shop.open_program()
    listen(shop, "http://127.0.0.1:9/hook")
    shop.buy(shop.enrol(), 1000)
    at(shop, "2026-06-29T12:00:00+02:00")
    assert sweep(shop) == []
