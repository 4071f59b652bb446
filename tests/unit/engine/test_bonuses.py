"""Multipliers and bonuses: when they apply, together or alone, and the words they carry."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backend.core.engine.basket import Line
from backend.core.engine.reasons import summary
from backend.core.engine.standing import Standing
from tests.engine_kit import BASE, SUNDAY, basket_of, buy, euros, member, points_by_rule, rules_of

HAPPY = {
    "id": "happy_hour",
    "earn": {"kind": "multiply", "bp": 12000},
    "when": {"hours": [{"from": "17:00", "until": "19:00"}]},
}


def bonus(name: str, points: int = 5, **more: Any) -> dict[str, Any]:
    return {"id": name, "earn": {"kind": "fixed", "points": points}, **more}


def test_twelve_points_say_why() -> None:
    rules = rules_of(BASE, HAPPY)
    done = buy(rules, euros(10), member(at="17:30"))
    assert summary(rules, done) == "12 points: 10 base (1 per €), +2 happy hour ×1.2"
    assert [reason.points for reason in done.reasons] == [10, 2]
    assert buy(rules, euros(10), member(at="19:00")).points == 10


def test_three_times_one_point_is_three() -> None:
    tens = {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 1000}}
    triple = {"id": "triple", "earn": {"kind": "multiply", "bp": 30000}}
    assert buy(rules_of(tens, triple), euros(19)).points == 3
    # Where remainders are carried, 19 euros three times over are 5.7 points.
    carried = buy(rules_of(tens, triple, rounding="carry"), euros(19))
    assert points_by_rule(carried) == {"base": 1, "triple": 3}
    assert carried.standing.remainders == {"base": (9, 10), "triple": (4, 5)}


@pytest.mark.parametrize(
    ("day", "at", "holds"),
    [
        (date(2026, 11, 20), "23:00", True),
        (date(2026, 11, 21), "01:59", True),
        (date(2026, 11, 21), "02:00", False),
        (date(2026, 11, 20), "01:00", False),
        (date(2026, 11, 21), "23:00", False),
    ],
)
def test_a_window_goes_on_after_midnight(day: date, at: str, holds: bool) -> None:
    friday_night = {"hours": [{"from": "22:00", "until": "02:00", "weekdays": ["fri"]}]}
    rules = rules_of(bonus("night", when=friday_night))
    assert bool(buy(rules, euros(1), member(day=day, at=at)).points) is holds


def test_a_multiplier_of_a_brand_multiplies_its_lines() -> None:
    rules = rules_of(
        BASE,
        {"id": "brand", "earn": {"kind": "multiply", "bp": 20000}, "lines": {"brand": ["X"]}},
    )
    done = buy(rules, basket_of(Line("1", 1000, brand="X"), Line("2", 500)))
    assert points_by_rule(done) == {"base": 15, "brand": 10}
    assert done.line_points == (20, 5)


def test_multipliers_add_up() -> None:
    rules = rules_of(
        BASE,
        {"id": "double", "earn": {"kind": "multiply", "bp": 20000}},
        {"id": "half_more", "earn": {"kind": "multiply", "bp": 15000}},
    )
    assert points_by_rule(buy(rules, euros(10))) == {"base": 10, "double": 10, "half_more": 5}


def test_groups_exclude_and_a_rule_that_is_not_stackable_is_alone() -> None:
    grouped = rules_of(bonus("one", 5, group="g"), bonus("two", 9, group="g"))
    assert points_by_rule(buy(grouped, euros(1))) == {"one": 5}
    first = rules_of(bonus("one", 5), bonus("two", 9, stackable=False, priority=1))
    assert points_by_rule(buy(first, euros(1))) == {"two": 9}
    last = rules_of(BASE, bonus("one", 5), bonus("two", 9, stackable=False, priority=-1))
    assert points_by_rule(buy(last, euros(1))) == {"base": 1, "one": 5}


def test_minimum_basket_validity_and_items() -> None:
    window = bonus("w") | {"from": "2026-11-22", "until": "2026-11-23"}
    rules = rules_of(
        window,
        bonus("big", when={"basis_minor": {"min": 2000}}),
        bonus("menu", when={"items": {"lines": {"category": ["menu"]}, "quantity": {"min": 2}}}),
    )
    assert points_by_rule(buy(rules, euros(20))) == {"w": 5, "big": 5}
    assert points_by_rule(buy(rules, euros(19), member(day=date(2026, 11, 24)))) == {}
    two_menus = basket_of(Line("1", 100, category="menu"), Line("2", 100, category="menu"))
    assert points_by_rule(buy(rules, two_menus)) == {"w": 5, "menu": 5}


def test_the_first_purchase_once() -> None:
    rules = rules_of(bonus("welcome", when={"purchase_number": {"max": 1}}, once="ever"))
    first = buy(rules, euros(1))
    assert first.points == 5
    assert buy(rules, euros(1), member(first.standing)).points == 0


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2026, 11, 14), False),
        (date(2026, 11, 15), True),
        (date(2026, 11, 22), True),
        (date(2026, 11, 25), True),
        (date(2026, 11, 26), False),
    ],
)
def test_the_birthday_booster_holds_around_the_day(day: date, holds: bool) -> None:
    around = {"birthday": {"before_days": 7, "after_days": 3}}
    rules = rules_of(BASE, {"id": "b", "earn": {"kind": "multiply", "bp": 20000}, "when": around})
    done = buy(rules, euros(4), member(day=day, birthday=(11, 22)))
    assert done.points == (8 if holds else 4)


def test_a_birthday_on_the_29th_of_february_is_kept_every_year() -> None:
    rules = rules_of(bonus("b", when={"birthday": {}}))
    leapling: dict[str, Any] = {"birthday": (2, 29)}
    assert buy(rules, euros(1), member(day=date(2027, 2, 28), **leapling)).points == 5
    assert buy(rules, euros(1), member(day=date(2028, 2, 28), **leapling)).points == 0
    assert buy(rules, euros(1), member(day=date(2028, 2, 29), **leapling)).points == 5


def test_new_dormant_vip_and_rfm_segments() -> None:
    segments = [
        {"id": "new", "when": {"purchases": {"max": 0}}},
        {"id": "vip", "when": {"any": [{"spend_minor": {"min": 50000, "months": 12}},
                                       {"label": ["vip"]}]}},
        {"id": "dormant", "when": {"idle_days": {"min": 90}}},
        {"id": "champion", "when": {"rfm": {"recency": {"min": 5}, "monetary": {"min": 5}}}},
    ]  # fmt: skip
    names = [segment["id"] for segment in segments]
    rules = rules_of(
        *(bonus(str(name), when={"segment": [name]}) for name in names), segments=segments
    )
    assert points_by_rule(buy(rules, euros(1))) == {"new": 5}
    bought = Standing(
        purchase_count=3, visit_days=3, first_day=date(2026, 1, 1), last_day=date(2026, 8, 1),
        months={"2026-08": (0, 60000, 1)},
    )  # fmt: skip
    assert points_by_rule(buy(rules, euros(1), member(bought))) == {"vip": 5, "dormant": 5}
    lately = member(bought, day=date(2026, 8, 20))
    assert points_by_rule(buy(rules, euros(1), lately)) == {"vip": 5, "champion": 5}
    labelled = member(Standing(purchase_count=1), labels=frozenset({"vip"}))
    assert points_by_rule(buy(rules, euros(1), labelled)) == {"vip": 5}


def test_anniversary_tenure_and_tier() -> None:
    rules = rules_of(
        bonus("anniversary", when={"anniversary": {}}),
        bonus("old", when={"member_days": {"min": 365}}),
        bonus("gold", when={"tier": ["gold"]}),
        bonus("others", when={"not": {"tier": ["gold"]}}),
    )
    year = member(enrolled_on=SUNDAY.replace(year=2025), tier="gold")
    assert points_by_rule(buy(rules, euros(1), year)) == {"anniversary": 5, "gold": 5, "old": 5}
    assert points_by_rule(buy(rules, euros(1), member(enrolled_on=SUNDAY))) == {"others": 5}


def test_pending_points_wait_for_a_day_or_an_event() -> None:
    rules = rules_of(
        BASE,
        bonus("at_once", pending=False),
        bonus("delivered", pending={"event": "delivered", "days": 60}),
        pending={"days": 14},
    )
    done = buy(rules, euros(10))
    assert (done.points_now, done.points_pending) == (5, 15)
    waits = {credit.rule: credit.pending for credit in done.credits}
    assert waits["base"] is not None
    assert waits["base"].on == date(2026, 12, 6)
    assert waits["delivered"] is not None
    assert (waits["delivered"].on, waits["delivered"].event) == (date(2027, 1, 21), "delivered")
