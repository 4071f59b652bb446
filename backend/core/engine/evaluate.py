"""Evaluate a purchase or an event under a program's rules."""

from __future__ import annotations

from collections.abc import Mapping

from backend.core.engine.allocation import largest_remainder
from backend.core.engine.basket import Basket
from backend.core.engine.outcome import Credit, Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts
from backend.core.money import Money
from backend.core.rules import BaseRule


def evaluate_purchase(
    rules: RuleSet, basket: Basket, facts: MemberFacts, campaign_used: Mapping[str, int]
) -> Evaluation:
    """What the basket earns for the member; the same input always earns the same.

    `campaign_used` are the points that each campaign has given so far. Raises PointsOutOfRange
    when the points pass what a balance can hold.
    """
    return _base(rules.base_rule, basket, facts, campaign_used)


def _base(
    rule: BaseRule, basket: Basket, facts: MemberFacts, campaign_used: Mapping[str, int]
) -> Evaluation:
    """The whole total earns, rounded down once, and nothing is remembered."""
    earned = rule.earn(Money(basket.amount_minor, basket.currency))
    weights = [0 if line.voided else line.amount_minor for line in basket.lines]
    credited = tuple(
        Credit(reason.rule, reason.points, reason.text, largest_remainder(reason.points, weights))
        for reason in earned.reasons
    )
    return Evaluation(
        credited,
        facts.standing,
        campaign_used,
        basis_minor=basket.amount_minor,
        line_basis_minor=largest_remainder(basket.amount_minor, weights),
    )
