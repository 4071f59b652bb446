"""An evaluation in a sentence, for the receipt and the member."""

from __future__ import annotations

from backend.core.engine.outcome import Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.money import Money


def summary(rules: RuleSet, evaluation: Evaluation) -> str:
    """Such as "12 points: 10 base (1 per €), +2 happy hour ×1.2"; of a program whose unit is
    money "1.60 EUR: 1.50 EUR base (5 %), +0.10 EUR …"."""
    total = _amount(rules, evaluation.points)
    if rules.unit == "points":
        total += " point" if evaluation.points == 1 else " points"
    parts = [
        f"{'+' if place else ''}{_amount(rules, credit.points)} {credit.text}"
        for place, credit in enumerate(evaluation.credits)
    ]
    return f"{total}: {', '.join(parts)}" if parts else total


def _amount(rules: RuleSet, points: int) -> str:
    return str(Money(points, rules.currency)) if rules.unit == "money" else str(points)
