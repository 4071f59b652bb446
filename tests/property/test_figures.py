"""Kept figures, completed with what came since, are what a plain recount of the ledger says:
after late purchases, returns, redemptions and refunds, however far the duty has come."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.core.figures import Day, month_of
from backend.core.periods import period_between
from backend.ledger import keep_figures
from backend.ledger.programs import program_of
from backend.services.read_figures import read_cohorts, read_overview, read_series
from tests.api_client import Shop

pytest_plugins = ["tests.api_client"]
ZONE = "Europe/Paris"
FIRST, LAST = date(2025, 9, 1), date(2026, 3, 1)


def test_figures_are_what_a_recount_says(shop: Shop, monkeypatch: Any) -> None:
    monkeypatch.setattr(keep_figures, "PART", 7)
    shop.program_id = shop.open_program(
        expiry={"period_months": 3, "validity_periods": 4, "timezone": ZONE}
    )
    chance = random.Random(20260101)
    members = [shop.enrol() for _ in range(5)]
    bought: list[dict[str, Any]] = []
    for number in range(90):
        _happen(shop, chance, members, bought)
        shop.clock.forward(chance.randrange(1, 90_000))
        if number % 4 == 0:
            keep_figures.keep_figures(shop.database.ledger)
        if number % 9 == 0:
            _compare(shop)
    while keep_figures.keep_figures(shop.database.ledger):
        continue
    _compare(shop)


def _happen(
    shop: Shop, chance: random.Random, members: list[str], bought: list[dict[str, Any]]
) -> None:
    member_id = chance.choice(members)
    what = chance.choice(["buy", "buy", "buy", "return", "redeem", "refund", "free"])
    if what in {"buy", "free"}:
        # Up to four months late, around midnight and around the change of the clocks.
        when = datetime.fromtimestamp(shop.clock.now_ms / 1000, UTC) - timedelta(
            hours=chance.choice([0, 1, 2, 23, 24 * 30, 24 * 75, 24 * 120])
        )
        amount_minor = chance.randrange(1, 99) if what == "free" else chance.randrange(100, 9000)
        at = when.isoformat(timespec="seconds")
        bought.append(shop.buy(member_id, amount_minor, occurred_at=at))
    elif what == "return" and bought:
        purchase = bought.pop(chance.randrange(len(bought)))
        shop.post(f"/purchases/{purchase['id']}/returns", {})
    elif what == "redeem":
        shop.post("/redemptions", shop.redemption(member_id, chance.randrange(1, 40), capture=True))
    elif what == "refund":
        held = [r for r in shop.records("redemptions") if r["state"] == "captured"]
        if held:
            shop.post(f"/redemptions/{chance.choice(held)['id']}/refunds", {})


def _compare(shop: Shop) -> None:
    with shop.database.ledger.connect() as connection:
        program = program_of(connection, shop.merchant_id, shop.program_id)
    assert program is not None
    days, cells, on = _recount(shop)
    house = shop.house
    for first, last in ((FIRST, LAST), (date(2025, 12, 1), date(2026, 1, 10))):
        period = period_between(first, last)
        overview = asyncio.run(read_overview(house, program, period))
        whole, active = Day(), set()
        for day, sums in days.items():
            if first.toordinal() <= day <= last.toordinal():
                whole.add(sums)
        for member_id, their in on.items():
            if any(first.toordinal() <= day <= last.toordinal() for day in their):
                active.add(member_id)
        assert overview.now.day == whole
        assert overview.now.active == len(active)
        by_week = asyncio.run(read_series(house, program, period, "week"))
        again = Day()
        for _, sums in by_week:
            again.add(sums)
        assert again == whole
    assert asyncio.run(read_cohorts(house, program)).cells == cells
    whole = Day()
    for sums in days.values():
        whole.add(sums)
    assert (whole.minted_points, whole.redeemed_points, whole.returned_points) == (
        program.minted_points,
        program.redeemed_points,
        program.returned_points,
    )
    assert whole.expired_points == program.expired_points


def _recount(
    shop: Shop,
) -> tuple[dict[int, Day], dict[tuple[int, int], int], dict[str, set[int]]]:
    """From the rows themselves, one by one."""
    place = ZoneInfo(ZONE)
    days: defaultdict[int, Day] = defaultdict(Day)
    on: defaultdict[str, set[int]] = defaultdict(set)
    moments = {}

    def day(at_ms: int) -> int:
        return datetime.fromtimestamp(at_ms / 1000, place).date().toordinal()

    for row in shop.records("purchases"):
        moments[row["id"]] = row["occurred_at_ms"]
        on[row["member_id"]].add(day(row["occurred_at_ms"]))
        days[day(row["occurred_at_ms"])].purchases += 1
        days[day(row["occurred_at_ms"])].amount_minor += row["amount_minor"]
    for row in shop.records("purchase_returns"):
        days[day(row["occurred_at_ms"])].refunded_minor += row["value_minor"]
    for row in shop.records("journal"):
        at_ms = moments.get(row["source_id"], row["recorded_at_ms"])
        if row["kind"] in {1, 2}:
            days[day(at_ms)].minted_points += row["points"]
        elif row["kind"] in {3, 5}:
            sign = 1 if row["kind"] == 3 else -1
            days[day(row["recorded_at_ms"])].redeemed_points += sign * row["points"]
        elif row["kind"] == 4:
            days[day(row["recorded_at_ms"])].returned_points += row["points"]
        else:
            sign = {9: 1, 10: -1}[row["kind"]]
            days[day(row["recorded_at_ms"])].expired_points += sign * row["points"]
    cells: Counter[tuple[int, int]] = Counter()
    for their in on.values():
        months = {month_of(each) for each in their}
        cells.update((min(months), month) for month in months)
    return dict(days), dict(cells), dict(on)
