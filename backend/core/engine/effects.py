"""What a rule gives for a basket: a rate, points per item, a multiplier, a fixed bonus.

Every effect says its `phase`: rates come first, then what multiplies them, then bonuses, then
what counts over time, which may look at the points given so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from operator import add
from typing import TYPE_CHECKING, ClassVar, Protocol

from backend.core.engine.caps import BASIS_POINTS

if TYPE_CHECKING:
    from backend.core.engine.draft import Draft, Exact
    from backend.core.engine.rule import Rule

Places = tuple[int, ...]
RATES, MULTIPLIERS, BONUSES, COUNTERS = range(4)


class Effect(Protocol):
    """What happens to a draft when a rule applies to the lines at `places`."""

    phase: ClassVar[int]

    def worth(self, draft: Draft, places: Places, /) -> int:
        """Points before caps and remainders, to compare the rules of a group."""

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        """Gives what the rule gives."""


@dataclass(frozen=True, slots=True)
class Award:
    """Points, or a reward of the catalogue, or both."""

    points: int = 0
    reward: str | None = None
    quantity: int = 1

    def times(self, draft: Draft, rule: Rule, times: int, places: Places, text: str) -> None:
        """Gives the award so many times."""
        draft.credit(rule, self.points * times, draft.weights(places), text)
        if self.reward is not None:
            draft.grant(rule, self.reward, self.quantity * times, text)


@dataclass(frozen=True, slots=True)
class Rate:
    """`points` for every `per_minor` of the basis; `text` says so."""

    phase: ClassVar[int] = RATES
    points: int
    per_minor: int
    text: str

    def worth(self, draft: Draft, places: Places) -> int:
        return sum(draft.line_basis[place] for place in places) * self.points // self.per_minor

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        exact = draft.weights(places), self.points, self.per_minor
        _base_points(draft, rule, exact, f"{rule.title} ({self.text})")


@dataclass(frozen=True, slots=True)
class PerUnit:
    """`points` for every unit of the lines."""

    phase: ClassVar[int] = RATES
    points: int

    def worth(self, draft: Draft, places: Places) -> int:
        return self.points * _units(draft, places)

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        units = _units(draft, places)
        weights = [0] * len(draft.line_basis)
        for place in places:
            weights[place] = draft.lines[place].quantity if draft.lines else 1
        text = f"{rule.title} ({self.points} per item, {units} of them)"
        _base_points(draft, rule, (weights, self.points, 1), text)


@dataclass(frozen=True, slots=True)
class Multiply:
    """The points of the rates, on these lines, `num / den` times: it adds what is above once.

    Several multipliers add up: ×2 and ×1.5 give ×2.5.
    """

    phase: ClassVar[int] = MULTIPLIERS
    num: int
    den: int
    text: str

    def worth(self, draft: Draft, places: Places) -> int:
        return sum(draft.base_points[place] for place in places) * (self.num - self.den) // self.den

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        extra = self.num - self.den
        if extra <= 0:
            return
        text = f"{rule.title} {self.text}"
        if not draft.rules.carries:
            weights = [0] * len(draft.line_basis)
            for place in places:
                weights[place] = draft.base_points[place]
            draft.credit(rule, sum(weights) * extra // self.den, weights, text)
            return
        numerators, den = _added(draft, places)
        points = carried(draft, rule, sum(numerators) * extra, den * self.den)
        draft.credit(rule, points, numerators, text)


@dataclass(frozen=True, slots=True)
class Fixed:
    """An award for the purchase or the event."""

    phase: ClassVar[int] = BONUSES
    award: Award

    def worth(self, _draft: Draft, _places: Places, /) -> int:
        return self.award.points

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        self.award.times(draft, rule, 1, places, rule.title)


def _units(draft: Draft, places: Places) -> int:
    return sum(draft.lines[place].quantity for place in places) if draft.lines else 1


def _base_points(draft: Draft, rule: Rule, exact: Exact, text: str) -> None:
    """Credits a rate, rounded down once, and keeps it for the multipliers."""
    weights, num, den = exact
    total = sum(weights) * num
    points = carried(draft, rule, total, den) if draft.rules.carries else total // den
    shares = draft.credit(rule, points, weights, text)
    draft.base.append(exact)
    if shares:
        draft.base_points = list(map(add, draft.base_points, shares))


def carried(draft: Draft, rule: Rule, num: int, den: int) -> int:
    """Whole points of num/den and what the rule still owed; the rest stays owed."""
    owed_num, owed_den = draft.remainders.get(rule.id, (0, 1))
    total = num * owed_den + owed_num * den
    points, rest = divmod(total, den * owed_den)
    if points < 0:
        # More was returned than is owed: it is netted until nothing is.
        points, rest = 0, total
    if rest:
        common = gcd(rest, den * owed_den)
        draft.remainders[rule.id] = (rest // common, den * owed_den // common)
    else:
        draft.remainders.pop(rule.id, None)
    return points


def _added(draft: Draft, places: Places) -> tuple[list[int], int]:
    """The exact points of all rates on these lines, over one denominator."""
    numerators = [0] * len(draft.line_basis)
    den = 1
    for weights, num, own in draft.base:
        step = own // gcd(den, own)
        scale = num * (den * step // own)
        numerators = [number * step for number in numerators]
        den *= step
        for place in places:
            numerators[place] += weights[place] * scale
    return numerators, den


def multiplier(num: int, den: int = BASIS_POINTS) -> Multiply:
    """The effect ×num/den."""
    return Multiply(num, den, f"×{decimal(num, den)}")


def decimal(num: int, den: int) -> str:
    """num/den as people write it, to four decimals: (12000, 10000) → '1.2'."""
    whole, rest = divmod(num * BASIS_POINTS // den, BASIS_POINTS)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
