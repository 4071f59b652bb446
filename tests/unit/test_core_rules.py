"""Earning: rounded down once, monotone, with reasons that add up, under a hash that binds them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.core.errors import PointsOutOfRange, RuleInvalid
from backend.core.money import AMOUNT_MINOR_MAX, Money
from backend.core.operations import POINTS_MAX
from backend.core.rules import EARN_POINTS_MAX, BaseRule

RULES = st.builds(
    BaseRule,
    st.integers(0, 1000),
    st.integers(1, 10**6),
    st.sampled_from(["EUR", "USD", "JPY"]),
)
AMOUNTS = st.integers(0, 10**9)
EURO_RULE = BaseRule(1, 100, "EUR")


@pytest.mark.parametrize(
    ("amount_minor", "points"), [(0, 0), (99, 0), (100, 1), (199, 1), (1177, 11), (10**12, 10**10)]
)
def test_one_point_per_whole_euro(amount_minor: int, points: int) -> None:
    assert EURO_RULE.points_floor(amount_minor) == points


@given(RULES, AMOUNTS)
def test_points_are_the_largest_number_the_amount_pays_for(rule: BaseRule, amount: int) -> None:
    points = rule.points_floor(amount)
    assert points * rule.per_amount_minor <= amount * rule.points
    assert (points + 1) * rule.per_amount_minor > amount * rule.points


@given(RULES, AMOUNTS, AMOUNTS)
def test_splitting_a_purchase_never_earns_more_and_loses_less_than_a_point(
    rule: BaseRule, first: int, second: int
) -> None:
    apart = rule.points_floor(first) + rule.points_floor(second)
    assert apart <= rule.points_floor(first + second) <= apart + 1


@given(RULES, AMOUNTS, AMOUNTS)
def test_more_money_never_earns_fewer_points(rule: BaseRule, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert rule.points_floor(low) <= rule.points_floor(high)


@given(RULES, AMOUNTS)
def test_reasons_add_up_to_the_points(rule: BaseRule, amount: int) -> None:
    earned = rule.earn(Money(amount, rule.currency))
    assert sum(reason.points for reason in earned.reasons) == earned.points
    assert bool(earned.reasons) == bool(earned.points)


def test_the_reason_says_the_rule_in_words() -> None:
    [reason] = EURO_RULE.earn(Money(1177, "EUR")).reasons
    assert (reason.rule, reason.points, reason.text) == ("base", 11, "1 point per 1.00 EUR")
    [reason] = BaseRule(3, 1, "JPY").earn(Money(5, "JPY")).reasons
    assert reason.text == "3 points per 1 JPY"


def test_a_purchase_cannot_earn_more_than_a_balance_holds() -> None:
    rule = BaseRule(EARN_POINTS_MAX, 1, "EUR")
    largest = POINTS_MAX // EARN_POINTS_MAX
    assert rule.points_floor(largest) == largest * EARN_POINTS_MAX
    with pytest.raises(PointsOutOfRange):
        rule.points_floor(largest + 1)


@pytest.mark.parametrize(
    ("points", "per_amount_minor"),
    [(-1, 100), (EARN_POINTS_MAX + 1, 100), (1, 0), (1, -100), (1, AMOUNT_MINOR_MAX + 1)],
)
def test_terms_out_of_range_are_refused(points: int, per_amount_minor: int) -> None:
    with pytest.raises(RuleInvalid):
        BaseRule(points, per_amount_minor, "EUR")


def test_the_hash_of_a_rule_is_the_one_published() -> None:
    # sha256 of {"currency":"EUR","kind":"base","per_amount_minor":100,"points":1,
    # "rounding":"floor"} without the line break.
    assert EURO_RULE.rule_hash == RULE_HASH


RULE_HASH = "b31ed410789c9a5b55b8c7aaa0757ad7deca894ce8b36f9fd44a426c55bcac5b"


@given(RULES, RULES)
def test_the_hash_tells_rules_apart(one: BaseRule, other: BaseRule) -> None:
    assume(one != other)
    assert one.rule_hash == replace(one).rule_hash
    assert one.rule_hash != other.rule_hash
