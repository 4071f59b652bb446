"""Rates: what earns, how it rounds, and which lines it is about."""

from __future__ import annotations

from typing import Any

import pytest

from backend.core.engine.basket import Basket, Line
from backend.core.engine.reasons import summary
from tests.engine_kit import BASE, basket_of, buy, euros, member, points_by_rule, rules_of

BREAD = Line("1", 1000, 2, category="bread", sku="B1", brand="Own")
CAKE = Line("2", 2000, 1, category="cake", sku="C1", brand="Finest")


def test_thirty_and_twenty_make_a_point_of_fifty_where_remainders_are_carried() -> None:
    fifty = {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 5000}}
    rules = rules_of(fifty, rounding="carry")
    first = buy(rules, euros(30))
    assert (first.points, first.standing.remainders) == (0, {"base": (3, 5)})
    second = buy(rules, euros(20), member(first.standing))
    assert (second.points, second.standing.remainders) == (1, {})
    floored = rules_of(fifty)
    after = buy(floored, euros(30)).standing
    assert buy(floored, euros(20), member(after)).points == 0


WHOLE = (
    Line("1", 1200, tax_minor=200, discount_minor=300),
    Line("2", 600, tax_minor=100, kind="shipping"),
    Line("3", 500, kind="gift_card"),
    Line("4", 700, tax_minor=100, kind="service"),
    Line("5", 9900, voided=True),
)


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ({}, (1200, 0, 0, 700, 0)),
        ({"tax": "excluded"}, (1000, 0, 0, 600, 0)),
        ({"discount": "before"}, (1500, 0, 0, 700, 0)),
        ({"discount": "before", "tax": "excluded"}, (1250, 0, 0, 600, 0)),
        ({"shipping": True, "gift_cards": True}, (1200, 600, 500, 700, 0)),
        ({"services": False}, (1200, 0, 0, 0, 0)),
    ],
)
def test_the_basis_is_what_the_program_says(basis: dict[str, Any], expected: tuple[int]) -> None:
    done = buy(rules_of(BASE, basis=basis), basket_of(*WHOLE))
    assert done.line_basis_minor == expected
    assert done.basis_minor == sum(expected)
    assert done.points == sum(expected) // 100


@pytest.mark.parametrize(
    ("basis", "basis_minor"),
    [
        ({}, 7000),
        ({"paid_with_points": True}, 10000),
        ({"paid_with_gift_card": False}, 5000),
        ({"paid_with_points": True, "paid_with_gift_card": False}, 8000),
        ({"tax": "excluded"}, 5600),
    ],
)
def test_shares_paid_with_points_and_gift_cards(basis: dict[str, Any], basis_minor: int) -> None:
    paid = Basket(
        "EUR", 10000, tax_minor=2000, paid_with_points_minor=3000, paid_with_gift_card_minor=2000
    )
    assert buy(rules_of(BASE, basis=basis), paid).basis_minor == basis_minor


def test_a_discount_on_the_basket_and_a_paid_share_are_spread_over_the_lines() -> None:
    basket = basket_of(BREAD, CAKE, discount_minor=300, paid_with_points_minor=900)
    assert buy(rules_of(BASE), basket).line_basis_minor == (600, 1200)


def test_lines_by_category_brand_and_sku() -> None:
    per_line = [
        {"id": "cakes", "earn": {"kind": "per_unit", "points": 5}, "lines": {"category": ["cake"]}},
        {
            "id": "own",
            "earn": {"kind": "rate", "points": 1, "per_minor": 100},
            "lines": {"brand": ["Own"], "sku": ["B1", "B2"]},
        },
        {
            "id": "not_own",
            "earn": {"kind": "rate", "points": 1, "per_minor": 1000},
            "lines": {"not": {"brand": ["Own"]}},
        },
    ]
    done = buy(rules_of(*per_line), basket_of(BREAD, CAKE))
    assert points_by_rule(done) == {"cakes": 5, "own": 10, "not_own": 2}
    assert done.line_points == (10, 7)
    # What is not known of an amount is not guessed.
    assert buy(rules_of(*per_line), euros(30)).points == 0


def test_in_a_group_a_line_earns_by_the_rule_that_comes_first() -> None:
    double = {
        "id": "cakes",
        "earn": {"kind": "rate", "points": 2, "per_minor": 100},
        "lines": {"category": ["cake"]},
        "group": "rate",
        "priority": 10,
    }
    done = buy(rules_of(BASE | {"group": "rate"}, double), basket_of(BREAD, CAKE))
    assert points_by_rule(done) == {"base": 10, "cakes": 40}
    assert done.line_points == (10, 40)
    both = buy(rules_of(BASE, double | {"group": None}), basket_of(BREAD, CAKE))
    assert points_by_rule(both) == {"base": 30, "cakes": 40}


def test_a_group_of_the_best_takes_the_rule_worth_most() -> None:
    rates: list[dict[str, Any]] = [
        {"id": "low", "earn": {"kind": "rate", "points": 1, "per_minor": 100}, "group": "g"},
        {"id": "high", "earn": {"kind": "per_unit", "points": 50}, "group": "g", "priority": -5},
    ]
    best = rules_of(*rates, groups=[{"id": "g", "choose": "most_points"}])
    assert points_by_rule(buy(best, euros(20))) == {"high": 50}
    assert points_by_rule(buy(best, euros(80))) == {"low": 80}
    assert points_by_rule(buy(rules_of(*rates), euros(20))) == {"low": 20}


def test_stores_and_channels() -> None:
    web = BASE | {"id": "web", "when": {"channel": ["web"]}}
    store = BASE | {"id": "store", "when": {"store": ["S1", "S2"], "channel": ["till"]}}
    rules = rules_of(web, store)
    assert points_by_rule(buy(rules, euros(5, channel="web"))) == {"web": 5}
    assert points_by_rule(buy(rules, euros(5, channel="till", store_id="S2"))) == {"store": 5}
    assert buy(rules, euros(5, channel="till")).points == 0


def test_a_pot_of_money_gives_a_percentage_and_says_so() -> None:
    pot = {"id": "cagnotte", "earn": {"kind": "percent", "bp": 550}}
    rules = rules_of(pot, unit="money")
    done = buy(rules, euros(30))
    assert done.points == 165
    assert summary(rules, done) == "1.65 EUR: 1.65 EUR cagnotte (5.5 %)"


def test_what_earns_nothing_is_not_remembered() -> None:
    only_gift_cards = basket_of(Line("1", 5000, kind="gift_card"))
    rules = rules_of(BASE, {"id": "first", "earn": {"kind": "fixed", "points": 9}})
    done = buy(rules, only_gift_cards)
    assert (done.points, done.standing) == (0, member().standing)
