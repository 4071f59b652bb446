"""What points are worth at the till: the section `spend`, and every refusal with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import RuleInvalid
from backend.core.spending import Payment, SpendPolicy
from backend.core.spending_errors import PaymentRefused

POLICIES = st.builds(
    SpendPolicy,
    points=st.integers(1, 1000),
    worth_minor=st.integers(1, 1000),
    min_points=st.integers(0, 500),
    threshold_points=st.integers(0, 500),
    min_basket_minor=st.integers(0, 5000),
    max_share_percent=st.integers(1, 100),
)


@given(POLICIES, st.integers(0, 100_000), st.integers(0, 100_000))
def test_the_most_is_paid_within_basket_share_and_balance_and_no_point_is_wasted(
    policy: SpendPolicy, basket_minor: int, available: int
) -> None:
    most = policy.most(basket_minor, available)
    assert (most == Payment(0, 0)) == (policy.why_nothing(basket_minor, available) is not None)
    if most.points:
        assert most.points <= available
        assert most.worth_minor * 100 <= basket_minor * policy.max_share_percent
        assert most.points >= policy.min_points
        assert policy.worth_minor_floor(most.points) == most.worth_minor
        assert policy.worth_minor_floor(most.points - 1) < most.worth_minor
        assert policy.pay(most.worth_minor, basket_minor, available) == most


@given(POLICIES, st.integers(0, 10**9))
def test_an_amount_takes_the_fewest_points_that_pay_it(policy: SpendPolicy, amount: int) -> None:
    points = policy.points_ceil(amount)
    assert policy.worth_minor_floor(points) >= amount
    assert points == 0 or policy.worth_minor_floor(points - 1) < amount


@pytest.mark.parametrize(
    ("amount", "basket", "available", "reason"),
    [
        (500, 10_000, 99, "below_threshold"),
        (500, 1999, 1000, "basket_too_small"),
        (0, 10_000, 1000, "nothing_to_pay"),
        (5001, 10_000, 9000, "above_share"),
        (199, 10_000, 9000, "below_minimum"),
    ],
)
def test_a_payment_is_refused_with_its_reason(
    amount: int, basket: int, available: int, reason: str
) -> None:
    policy = SpendPolicy(1, 1, 200, 100, 2000, 50)
    with pytest.raises(PaymentRefused) as refused:
        policy.pay(amount, basket, available)
    assert refused.value.facts == {"reason": reason}


def test_the_section_is_read_whole() -> None:
    section = {
        "points": 100,
        "worth_minor": 50,
        "min_points": 10,
        "threshold_points": 20,
        "min_basket_minor": 30,
        "max_share_percent": 40,
    }
    assert SpendPolicy.parse(section) == SpendPolicy(100, 50, 10, 20, 30, 40)
    assert SpendPolicy.parse({"points": 1, "worth_minor": 1}) == SpendPolicy()


@pytest.mark.parametrize(
    ("section", "pointer"),
    [
        ([], ""),
        ({"points": 1}, "/worth_minor"),
        ({"points": 0, "worth_minor": 1}, "/points"),
        ({"points": 1, "worth_minor": True}, "/worth_minor"),
        ({"points": 1, "worth_minor": 1, "max_share_percent": 101}, "/max_share_percent"),
        ({"points": 1, "worth_minor": 1, "rate": 2}, "/rate"),
    ],
)
def test_a_section_that_cannot_be_is_refused_where_it_is_wrong(section: Any, pointer: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        SpendPolicy.parse(section)
    assert refused.value.facts["pointer"] == pointer
