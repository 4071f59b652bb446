"""A program without a document earns exactly what it always earned."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.engine.basket import Basket, Line
from backend.core.engine.evaluate import evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts, Standing
from backend.core.errors import BasketInvalid, TimezoneUnknown
from backend.core.money import Money
from backend.core.rules import BaseRule

NOON = MemberFacts(Moment.on(date(2026, 11, 22)))


@given(st.integers(0, 1000), st.integers(1, 10**6), st.integers(0, 10**9))
def test_base_rules_are_the_base_rule(points: int, per_amount_minor: int, amount: int) -> None:
    rules = RuleSet.base(points, per_amount_minor, "EUR")
    rule = BaseRule(points, per_amount_minor, "EUR")
    earned = rule.earn(Money(amount, "EUR"))
    done = evaluate_purchase(rules, Basket("EUR", amount), NOON, {})
    assert (done.points_now, done.points_pending) == (earned.points, 0)
    assert done.reasons == earned.reasons
    assert rules.hash == rule.rule_hash
    assert done.standing is NOON.standing
    assert not rules.remembers


def test_lines_share_the_points_and_a_voided_line_brings_none() -> None:
    lines = (Line("1", 150), Line("2", 150), Line("3", 900, voided=True))
    done = evaluate_purchase(RuleSet.base(1, 100, "EUR"), Basket("EUR", 300, lines), NOON, {})
    assert done.line_points == (2, 1, 0)
    assert done.line_basis_minor == (150, 150, 0)


def test_case_10_what_points_pay_earns_nothing_and_what_a_gift_card_pays_does() -> None:
    rules = RuleSet.base(1, 100, "EUR")
    paid: dict[str, Any] = {"paid_with_points_minor": 400, "paid_with_gift_card_minor": 300}
    done = evaluate_purchase(rules, Basket("EUR", 1000, **paid), NOON, {})
    assert (done.points_now, done.basis_minor) == (6, 600)
    lines = (Line("1", 750), Line("2", 250), Line("3", 900, voided=True))
    done = evaluate_purchase(rules, Basket("EUR", 1000, lines, **paid), NOON, {})
    assert (done.points_now, done.basis_minor) == (6, 600)
    assert (done.line_points, done.line_basis_minor) == ((5, 1, 0), (450, 150, 0))
    all_paid = Basket("EUR", 1000, lines, paid_with_points_minor=1000)
    done = evaluate_purchase(rules, all_paid, NOON, {})
    assert (done.credits, done.basis_minor, done.line_basis_minor) == ((), 0, (0, 0, 0))


def test_lines_must_add_up_to_what_was_paid() -> None:
    Basket("EUR", 90, (Line("1", 100),), discount_minor=10)
    with pytest.raises(BasketInvalid):
        Basket("EUR", 90, (Line("1", 100),))
    with pytest.raises(BasketInvalid):
        Basket("EUR", 100, paid_with_points_minor=60, paid_with_gift_card_minor=60)


def test_a_standing_survives_the_database() -> None:
    standing = Standing(
        purchase_count=2,
        first_day=date(2026, 1, 31),
        months={"2026-01": (3, 400, 1)},
        remainders={"base": (1, 3)},
        streaks={"weekly": (105, 2)},
        labels=frozenset({"vip", "staff"}),
    )
    assert Standing.from_json(standing.to_json()) == standing
    assert Standing.from_json(None) == Standing()
    assert Standing().to_json() == "{}"


def test_a_moment_is_local() -> None:
    new_year_utc_ms = 1_767_222_000_000  # 2025-12-31T23:00:00Z
    assert Moment.at(new_year_utc_ms, "Europe/Paris") == Moment(date(2026, 1, 1), 0, 3)
    assert Moment.at(new_year_utc_ms, "UTC").day == date(2025, 12, 31)
    with pytest.raises(TimezoneUnknown):
        Moment.at(0, "Europe/Nowhere")
