"""The programs to start from: each one read, and tried on purchases of its trade."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from backend.commands.basket_file import read_history
from backend.core.engine.basket import Basket, Line
from backend.core.engine.evaluate import evaluate_event, evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.reasons import summary
from backend.core.engine.rule_set import RuleSet
from backend.core.simulation import SimulatedPurchase, simulate
from tests.engine_kit import basket_of, euros, member, points_by_rule

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = sorted(path.stem for path in (ROOT / "examples/programs").glob("*.json"))
MONDAY = date(2026, 11, 23)


def template(name: str) -> RuleSet:
    text = (ROOT / "examples/programs" / f"{name}.json").read_text("utf-8")
    return RuleSet.parse(json.loads(text))


@cache
def cdnow() -> tuple[SimulatedPurchase, ...]:
    """The purchases of 150 customers of the sample."""
    history = read_history(ROOT / "examples/cdnow_sample.csv", "EUR").purchases
    names = set(islice(dict.fromkeys(one.member for one in history), 150))
    return tuple(one for one in history if one.member in names)


def generated(seed: int = 7) -> tuple[SimulatedPurchase, ...]:
    """A shop of sixty members and ninety days, with lines of every category in the templates."""
    dice = random.Random(seed)
    categories = ["bread", "fruit", "fuel", "menu", "outlet", None]
    history = []
    for _ in range(600):
        lines = tuple(
            Line(str(n), dice.randint(50, 4000), dice.randint(1, 4),
                 category=dice.choice(categories), brand=dice.choice(["Own", "Maison", None]))
            for n in range(dice.randint(1, 4))
        )  # fmt: skip
        moment = Moment.on(MONDAY + timedelta(days=dice.randrange(90)), dice.randrange(1440))
        history.append(SimulatedPurchase(f"m{dice.randrange(60)}", moment, basket_of(*lines)))
    return tuple(history)


def test_there_is_a_template_for_every_trade() -> None:
    assert PROGRAMS == [
        "bakery_stamps", "cafe_tenth_visit", "fashion_tiers", "restaurant_happy_hour",
        "subscription_club", "supermarket_cagnotte",
    ]  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_template_rewards_real_and_generated_customers(name: str) -> None:
    rules = template(name)
    real, shop = simulate(rules, cdnow()), simulate(rules, generated())
    assert real.members == 150
    assert shop.members_rewarded == shop.members == 60
    assert sum(real.points_by_member.values()) == real.points == sum(real.points_by_rule.values())
    # An amount without lines earns nothing where categories are left out: the pot is the case.
    assert real.rewarded_bp >= 9900 or name == "supermarket_cagnotte"
    assert real.points > 0
    assert simulate(rules, tuple(reversed(generated()))).points_by_member.keys() == (
        shop.points_by_member.keys()
    )


def test_the_bakers_tenth_loaf() -> None:
    rules = template("bakery_stamps")
    loaves = basket_of(Line("1", 900, 6, category="bread"))
    first = evaluate_purchase(rules, loaves, member(), {})
    second = evaluate_purchase(rules, loaves, member(first.standing), {})
    assert [grant.reward for grant in second.grants] == ["free_loaf"]
    assert second.standing.stamps["loaf_card"] == 2
    assert evaluate_event(rules, "signup", {}, member(), {}).points == 10


def test_the_cafes_tenth_visit() -> None:
    rules = template("cafe_tenth_visit")
    standing = member().standing
    given = []
    for visit in range(10):
        facts = member(standing, day=MONDAY + timedelta(days=visit), enrolled_on=MONDAY)
        done = evaluate_purchase(rules, euros(3), facts, {})
        standing = done.standing
        given.append(points_by_rule(done))
    assert given[1] == {"drinks": 3, "second_visit": 15}
    assert given[9] == {"drinks": 3, "tenth_visit": 50}


def test_fashion_has_gold_customers_whose_points_wait() -> None:
    rules = template("fashion_tiers")
    outcome = simulate(rules, cdnow())
    assert set(outcome.members_by_tier) == {"member", "silver", "gold"}
    assert outcome.points_by_rule["tier"] > 0
    coat = basket_of(Line("1", 12000, tax_minor=2000, brand="Maison"))
    gold = member(day=date(2027, 3, 2), tier="gold")
    done = evaluate_purchase(rules, coat, gold, {})
    assert points_by_rule(done) == {"base": 100, "tier": 50, "new_season": 75}
    assert (done.points_now, done.credits[0].pending is not None) == (0, True)
    # A quarter of a margin of 45 € is worth 225 points.
    assert summary(rules, done) == (
        "225 points: 100 Purchase (1 per €), +50 gold ×1.5, "
        "+75 New season ×3, limited by the cap by margin"
    )


def test_the_supermarkets_pot() -> None:
    rules = template("supermarket_cagnotte")
    basket = basket_of(
        Line("1", 1000, brand="Own"), Line("2", 2000), Line("3", 5000, category="fuel")
    )
    done = evaluate_purchase(rules, basket, member(), {})
    assert points_by_rule(done) == {"own_brand": 50, "pot": 20}
    assert done.line_points == (50, 20, 0)
    assert summary(rules, done) == "0.70 EUR: 0.50 EUR Own brand (5 %), +0.20 EUR Pot (1 %)"


@pytest.mark.parametrize(
    ("day", "at", "points"),
    [
        (MONDAY, "17:00", {"base": 20, "happy_hour": 20}),
        (MONDAY, "19:00", {"base": 20}),
        (date(2026, 11, 28), "01:30", {"base": 20, "late_night": 10}),
        (date(2026, 11, 30), "01:30", {"base": 20}),
    ],
)
def test_the_restaurants_hours(day: date, at: str, points: dict[str, int]) -> None:
    done = evaluate_purchase(
        template("restaurant_happy_hour"), euros(20), member(day=day, at=at), {}
    )
    assert points_by_rule(done) == points


def test_the_clubs_months_and_marks() -> None:
    rules = template("subscription_club")
    month = evaluate_event(rules, "subscription_month", {}, member(), {})
    assert month.points == 100
    club = member(month.standing, labels=frozenset({"club"}))
    assert points_by_rule(evaluate_purchase(rules, Basket("EUR", 50_000), club, {})) == {
        "shop": 1000, "club_price": 500, "spend_marks": 250,
    }  # fmt: skip
