"""What the calendar gives: exactly once per member and occasion, whoever sweeps and how often."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backend.services.animate import AnimationSweep
from tests.api_client import Shop, accepted, refused
from tests.earning_kit import BASE, fixed, publish
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
DAY_S = 24 * 3600


@pytest.fixture
def database_kind() -> str:
    """One database, new for each test: these move the clock by years."""
    return "sqlite"


def sweeper(shop: Shop) -> AnimationSweep:
    house = shop.house
    return AnimationSweep(shop.database.ledger, house.vault, shop.clock, house.new_id)


def given(shop: Shop, member: str, name: str) -> list[int]:
    """Points of each such event of the member."""
    return [
        row["points"]
        for row in shop.records("member_events")
        if (row["member_id"], row["name"]) == (member, name)
    ]


def describe(shop: Shop, member: str, **attributes: Any) -> dict[str, Any]:
    path = f"/v1/members/{member}/attributes"
    return accepted(shop.request("PUT", path, json=attributes))


def test_a_birthday_is_given_once_a_year_and_so_is_the_week_before(shop: Shop) -> None:
    before = {"event": "birthday", "before_days": 7}
    publish(shop, BASE, fixed("cake", 50, on="birthday"), fixed("soon", 5, on=before))
    ada, eve = shop.enrol(), shop.enrol()
    assert describe(shop, ada, birthday="01-20")["birthday"] == "01-20"
    describe(shop, eve, birthday="07-01")
    seen = []
    for _ in range(30):
        shop.clock.forward(DAY_S)
        for _ in range(2):
            sweeper(shop).step()
        seen.append((shop.balance(ada)[0], shop.balance(eve)[0]))
    assert seen[:12] == [(0, 0)] * 11 + [(5, 0)]
    assert seen[12:19] == [(5, 0)] * 6 + [(55, 0)]
    assert seen[29] == (55, 0)
    describe(shop, ada, birthday="02-02")
    shop.clock.forward(5 * DAY_S)
    sweeper(shop).step()
    assert shop.balance(ada) == (55, 0), "a birthday that moves is no second birthday"
    shop.clock.forward(365 * DAY_S)
    sweeper(shop).step()
    assert given(shop, ada, "birthday") == [5, 50, 50] or given(shop, ada, "birthday") == [
        5,
        50,
        5,
        50,
    ]
    audit(shop.database.ledger)


def test_nothing_personal_is_kept_in_the_clear(shop: Shop) -> None:
    member = shop.enrol()
    describe(shop, member, birthday="02-29")
    [row] = shop.records("member_birthdays")
    assert b"02-29" not in bytes(row["sealed_day"])
    assert "02-29" not in str(shop.snapshot()["member_birthdays"])
    for wrong in ("02-30", "2-3", "2000-02-29", "13-01"):
        path = f"/v1/members/{member}/attributes"
        refused(shop.request("PUT", path, json={"birthday": wrong}), 422, "invalid_request")


def test_an_anniversary_comes_every_year_after_the_first(shop: Shop) -> None:
    publish(shop, BASE, fixed("years", 10, on="anniversary"))
    member = shop.enrol()
    for days in (1, 363, 1, 1, 365, 365):
        shop.clock.forward(days * DAY_S)
        sweeper(shop).step()
    assert given(shop, member, "anniversary") == [10, 10, 10]


def test_who_was_not_seen_for_long_is_woken_once_per_absence(shop: Shop) -> None:
    publish(shop, BASE, fixed("come_back", 25, on={"event": "idle", "days": 30}))
    idle, regular = shop.enrol(), shop.enrol()
    shop.buy(idle)
    for day in range(40):
        shop.clock.forward(DAY_S)
        if day % 10 == 0:
            at = f"2026-01-{day + 2:02d}T00:00:00Z" if day < 30 else "2026-02-01T00:00:00Z"
            shop.buy(regular, 100, occurred_at=at)
        sweeper(shop).step()
    assert (given(shop, idle, "idle"), given(shop, regular, "idle")) == ([25], [])


def test_a_month_gives_to_those_the_rule_is_for(shop: Shop) -> None:
    monthly = {"event": "period", "every": "month"}
    publish(shop, BASE, fixed("club", 12, on=monthly, when={"label": ["club"]}))
    subscriber, other = shop.enrol(), shop.enrol()
    describe(shop, subscriber, labels=["club"])
    for _ in range(62):
        shop.clock.forward(DAY_S)
        sweeper(shop).step()
    assert (given(shop, subscriber, "period"), given(shop, other, "period")) == ([12] * 3, [])


def test_who_has_had_this_month_s_is_not_looked_at_again_before_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[set[str]] = []
    give = AnimationSweep._give

    def watched(self: AnimationSweep, program_id: str, *rest: Any) -> int:
        looked_at.append(set(rest[1]))
        return give(self, program_id, *rest)

    monkeypatch.setattr(AnimationSweep, "_give", watched)
    monthly = {"event": "period", "every": "month"}
    publish(shop, BASE, fixed("club", 12, on=monthly, when={"label": ["club"]}))
    subscriber, other = shop.enrol(), shop.enrol()
    describe(shop, subscriber, labels=["club"])
    for days in (1, 1, 31):
        shop.clock.forward(days * DAY_S)
        sweeper(shop).step()
    assert looked_at == [{subscriber, other}, {other}, {subscriber, other}]
    assert given(shop, subscriber, "period") == [12, 12]


def test_renamed_rules_do_not_give_the_same_occasion_twice(shop: Shop) -> None:
    publish(shop, BASE, fixed("cake", 50, on="birthday"))
    member = shop.enrol()
    describe(shop, member, birthday="01-02")
    shop.clock.forward(DAY_S)
    sweeper(shop).step()
    publish(shop, BASE, fixed("candle", 50, on="birthday"))
    shop.clock.forward(DAY_S)
    sweeper(shop).step()
    assert shop.balance(member) == (50, 0)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_two_sweepers_at_once_give_once(shop: Shop) -> None:
    publish(shop, BASE, fixed("cake", 50, on="birthday"))
    members = [shop.enrol() for _ in range(5)]
    for member in members:
        describe(shop, member, birthday="01-02")
    shop.clock.forward(DAY_S)
    both = [sweeper(shop) for _ in range(2)]
    threads = [threading.Thread(target=one.step) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [shop.balance(member)[0] for member in members] == [50] * 5
    audit(shop.database.ledger)
