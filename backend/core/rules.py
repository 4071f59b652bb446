"""Earning: how a purchase becomes points, with the reason of every point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from backend.core.canonical import canonical_json
from backend.core.errors import PointsOutOfRange, RuleInvalid
from backend.core.money import AMOUNT_MINOR_MAX, Money
from backend.core.operations import POINTS_MAX

EARN_POINTS_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some of the points were earned; `rule` names the rule in the program."""

    rule: str
    points: int
    text: str


@dataclass(frozen=True, slots=True)
class Earned:
    """Points earned, and the reasons that add up to them."""

    points: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class BaseRule:
    """`points` for every `per_amount_minor` spent, rounded down once per purchase.

    Raises RuleInvalid when a term is out of range.
    """

    points: int
    per_amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if not 0 <= self.points <= EARN_POINTS_MAX:
            raise RuleInvalid(f"A rule earns 0 to {EARN_POINTS_MAX} points per step.")
        if not 1 <= self.per_amount_minor <= AMOUNT_MINOR_MAX:
            raise RuleInvalid(f"A rule's step is 1 to {AMOUNT_MINOR_MAX} minor units.")

    def points_floor(self, amount_minor: int) -> int:
        """Points for an amount, rounded down; raises PointsOutOfRange past a full balance."""
        points = amount_minor * self.points // self.per_amount_minor
        if points > POINTS_MAX:
            raise PointsOutOfRange(
                f"One purchase earns at most {POINTS_MAX} points.", points_max=POINTS_MAX
            )
        return points

    def earn(self, spent: Money) -> Earned:
        points = self.points_floor(spent.amount_minor)
        if not points:
            return Earned(0, ())
        step = Money(self.per_amount_minor, self.currency)
        noun = "point" if self.points == 1 else "points"
        return Earned(points, (Reason("base", points, f"{self.points} {noun} per {step}"),))

    @property
    def rule_hash(self) -> str:
        """SHA-256 (hex) of the rule's canonical form; part of what a receipt leaf commits to."""
        return _rule_hash(self)


@lru_cache(maxsize=1024)
def _rule_hash(rule: BaseRule) -> str:
    terms = {
        "kind": "base",
        "points": rule.points,
        "per_amount_minor": rule.per_amount_minor,
        "currency": rule.currency,
        "rounding": "floor",
    }
    return sha256(canonical_json(terms)).hexdigest()
