"""What counts over time: stamp cards, milestones, streaks, caps and budgets."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from backend.core.engine.basket import Basket, Line
from backend.core.engine.outcome import Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import Standing
from tests.engine_kit import BASE, SUNDAY, basket_of, buy, euros, member, points_by_rule, rules_of


def series(rules: RuleSet, baskets: list[Basket], step_days: int = 1) -> list[Evaluation]:
    """The same member's purchases, one every so many days."""
    done: list[Evaluation] = []
    standing = Standing()
    for number, basket in enumerate(baskets):
        day = SUNDAY + timedelta(days=number * step_days)
        done.append(buy(rules, basket, member(standing, day=day)))
        standing = done[-1].standing
    return done


def earned(done: list[Evaluation]) -> list[int]:
    return [evaluation.points for evaluation in done]


def counting(kind: str, **terms: Any) -> dict[str, Any]:
    return {"id": "c", "earn": {"kind": kind, **terms}}


def test_the_tenth_coffee_is_given() -> None:
    coffee = counting("stamps", per="unit", card=10, reward="coffee")
    rules = rules_of(coffee | {"lines": {"category": ["coffee"]}})
    four = basket_of(Line("1", 1200, 4, category="coffee"), Line("2", 500, 3, category="cake"))
    done = series(rules, [four] * 5)
    assert [[grant.quantity for grant in each.grants] for each in done] == [[], [], [1], [], [1]]
    assert [each.standing.stamps.get("c", 0) for each in done] == [4, 8, 2, 6, 0]
    assert done[2].grants[0].reward == "coffee"
    assert done[2].grants[0].text == "c (10 stamps)"


def test_a_visit_is_a_day() -> None:
    rules = rules_of(counting("stamps", per="visit", card=2, points=7))
    assert earned(series(rules, [euros(1)] * 4, step_days=0)) == [0, 0, 0, 0]
    assert earned(series(rules, [euros(1)] * 4)) == [0, 7, 0, 7]
    tenth = {"id": "v", "earn": {"kind": "fixed", "points": 3}}
    every = rules_of(tenth | {"when": {"visit_number": {"every": 3}}})
    assert earned(series(every, [euros(1)] * 6)) == [0, 0, 3, 0, 0, 3]


def test_stamps_for_an_amount_lose_nothing_between_purchases() -> None:
    rules = rules_of(counting("stamps", per="amount", amount_minor=1000, card=3, points=5))
    assert earned(series(rules, [euros(17), euros(12), euros(1), euros(65)])) == [0, 0, 5, 10]


def test_the_challenge_of_the_month_begins_anew() -> None:
    rules = rules_of(counting("stamps", card=2, points=9, window="month", repeat=False))
    days_9 = series(rules, [euros(1)] * 4, step_days=4)  # 22, 26, 30 November, 4 December
    assert earned(days_9) == [0, 9, 0, 0]
    assert list(days_9[3].standing.stamps) == ["c|2026-12"]
    assert earned(series(rules, [euros(1)] * 5, step_days=4)) == [0, 9, 0, 0, 9]


def test_milestones_by_count_and_amount() -> None:
    count = rules_of(counting("milestone", of="purchases", at=[2, 3], points=5))
    assert earned(series(count, [euros(1)] * 4)) == [0, 5, 5, 0]
    amount = rules_of(counting("milestone", of="spend_minor", every=10000, points=5))
    assert earned(series(amount, [euros(90), euros(20), euros(250)])) == [0, 5, 10]
    points = rules_of(BASE, counting("milestone", of="points", at=[100], reward="mug"))
    done = series(points, [euros(99), euros(1)])
    assert [len(each.grants) for each in done] == [0, 1]


def test_a_milestone_passed_before_the_rule_is_not_awarded() -> None:
    rules = rules_of(counting("milestone", of="purchases", at=[10, 20], points=5))
    known = member(Standing(purchase_count=18))
    first = buy(rules, euros(1), known)
    assert first.points == 0
    assert buy(rules, euros(1), member(first.standing)).points == 5


@pytest.mark.parametrize(("repeat", "points"), [(True, [0, 4, 0, 4, 0]), (False, [0, 4, 0, 0, 0])])
def test_streaks_of_weeks(repeat: bool, points: list[int]) -> None:
    rules = rules_of(counting("streak", every="week", length=2, points=4, repeat=repeat))
    done = series(rules, [euros(1)] * 5, step_days=7)
    assert earned(done) == points
    assert earned(series(rules, [euros(1)] * 5, step_days=15)) == [0] * 5
    again = member(done[1].standing, day=SUNDAY + timedelta(days=7))
    assert buy(rules, euros(1), again).points == 0


def test_caps_of_the_program_and_of_a_rule() -> None:
    rules = rules_of(
        BASE,
        {"id": "x", "earn": {"kind": "fixed", "points": 30}, "limits": {"month": 40}},
        caps={"purchase": 60, "day": 100},
    )
    same_day = series(rules, [euros(50)] * 3, step_days=0)
    assert earned(same_day) == [60, 40, 0]
    assert points_by_rule(same_day[0]) == {"base": 50, "x": 10}
    assert same_day[0].credits[1].text == "x, limited by the cap of 60 per purchase"
    assert same_day[2].notes[0] == (
        "base (1 per €): 50 points above the cap of 100 per day were not given"
    )
    days = series(rules, [euros(10)] * 3)
    assert [points_by_rule(each).get("x", 0) for each in days] == [30, 10, 0]


def test_the_caps_of_a_member_last_and_those_of_days_are_forgotten() -> None:
    rules = rules_of(BASE, caps={"day": 500, "member": 25})
    done = series(rules, [euros(10)] * 4, step_days=20)
    assert earned(done) == [10, 10, 5, 0]
    assert sorted(done[2].standing.used) == [
        "*|day|2026-12-12", "*|day|2027-01-01", "*|member|ever",
    ]  # fmt: skip


def test_a_campaign_ends_with_its_budget_or_its_last_day() -> None:
    gift = {"id": "gift", "earn": {"kind": "fixed", "points": 30}, "campaign": "xmas"}
    rules = rules_of(gift, campaigns=[{"id": "xmas", "budget_points": 100, "until": "2026-11-30"}])
    done = buy(rules, euros(1), xmas=80)
    assert (done.points, done.campaign_used, done.credits[0].campaign) == (
        20,
        {"xmas": 100},
        "xmas",
    )
    assert buy(rules, euros(1), xmas=100).points == 0
    assert buy(rules, euros(1), member(day=date(2026, 12, 1))).points == 0


def test_points_are_never_worth_more_than_their_share_of_the_margin() -> None:
    # 100 points are worth 10 €: at most half of the margin is given away.
    margin = {"share_bp": 5000, "assumed_margin_bp": 2000, "points": 100, "worth_minor": 1000}
    tenfold = {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 10}}
    rules = rules_of(tenfold, caps={"margin": margin})
    lines = (Line("1", 1200, tax_minor=200, cost_minor=800), Line("2", 1200, tax_minor=200))
    # (1000 − 800) + 1000 × 20 % = 400 cents of margin, of which 200 are 20 points.
    done = buy(rules, basket_of(*lines))
    assert done.points == 20
    assert sum(done.line_points) == 20
    loss = basket_of(Line("1", 1000, cost_minor=1500))
    assert buy(rules, loss).points == 0
