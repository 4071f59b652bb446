"""Rules, baskets and members for tests of the engine, in few words."""

from __future__ import annotations

from datetime import date
from typing import Any

from backend.core.engine.basket import Basket, Line
from backend.core.engine.evaluate import evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.outcome import Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts, Standing

SUNDAY = date(2026, 11, 22)
BASE: dict[str, Any] = {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 100}}


def rules_of(*rules: dict[str, Any], **sections: Any) -> RuleSet:
    """A parsed document in euros with these rules."""
    return RuleSet.parse({"format": 1, "currency": "EUR", "rules": list(rules), **sections})


def member(
    standing: Standing | None = None, *, day: date = SUNDAY, at: str = "12:00", **facts: Any
) -> MemberFacts:
    """A member on a day, at a time such as "17:30"."""
    hours, minutes = at.split(":")
    moment = Moment.on(day, int(hours) * 60 + int(minutes))
    return MemberFacts(moment, standing or Standing(), **facts)


def euros(amount: int, **more: Any) -> Basket:
    """A purchase of whole euros without lines."""
    return Basket("EUR", amount * 100, **more)


def basket_of(*lines: Line, **more: Any) -> Basket:
    """A basket of lines whose total is what they add up to."""
    total = sum(line.amount_minor for line in lines if not line.voided)
    return Basket("EUR", total - more.get("discount_minor", 0), lines, **more)


def buy(
    rules: RuleSet, basket: Basket, facts: MemberFacts | None = None, **campaigns: int
) -> Evaluation:
    return evaluate_purchase(rules, basket, facts or member(), campaigns)


def points_by_rule(evaluation: Evaluation) -> dict[str, int]:
    """Points of each rule that gave some."""
    return {credit.rule: credit.points for credit in evaluation.credits}
