"""Reading the member `earn` of a rule."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from backend.core.engine.caps import BASIS_POINTS
from backend.core.engine.counters import Milestone, Stamps, Streak
from backend.core.engine.effects import Award, Effect, Fixed, PerUnit, Rate, decimal, multiplier
from backend.core.engine.reading import Reading, one_of, whole
from backend.core.engine.windows import WINDOWS
from backend.core.money import Money, currency_exponent
from backend.core.rules import EARN_POINTS_MAX

_AWARD: Final = ("points", "reward", "quantity")
_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}
_POINTS: Final = whole(1, EARN_POINTS_MAX)
_COUNTED: Final = ("purchases", "visits", "spend_minor", "points")
ON_EVENTS: Final = ("fixed", "stamps", "streak")
"""Kinds that an event can set off: there is no basket to multiply or to rate."""


def parse_effect(reading: Reading, currency: str, *, purchase: bool) -> Effect:
    """The effect of `{"kind": …}`; raises RuleInvalid."""
    if not isinstance(reading.value, dict):
        raise reading.refuse("an object is expected here.")
    kind = reading.get("kind", one_of(*_KINDS))
    if not purchase and kind not in ON_EVENTS:
        raise reading.child("kind").refuse(f"an event earns by {', '.join(ON_EVENTS)}.")
    return _KINDS[kind](reading, currency, purchase)


def _rate(reading: Reading, currency: str, _: bool) -> Effect:
    reading.fields("kind", "points", "per_minor")
    points = reading.get("points", _POINTS)
    per_minor = reading.get("per_minor", whole(1))
    return Rate(points, per_minor, f"{points} per {_step(per_minor, currency)}")


def _percent(reading: Reading, _: str, __: bool) -> Effect:
    """Of a program whose unit is money: so many basis points of the basis come back."""
    reading.fields("kind", "bp")
    basis_points = reading.get("bp", whole(1, BASIS_POINTS))
    return Rate(basis_points, BASIS_POINTS, f"{decimal(basis_points, 100)} %")


def _per_unit(reading: Reading, _: str, __: bool) -> Effect:
    reading.fields("kind", "points")
    return PerUnit(reading.get("points", _POINTS))


def _multiply(reading: Reading, _: str, __: bool) -> Effect:
    reading.fields("kind", "bp")
    return multiplier(reading.get("bp", whole(BASIS_POINTS + 1, 100 * BASIS_POINTS)))


def _fixed(reading: Reading, _: str, __: bool) -> Effect:
    reading.fields("kind", *_AWARD)
    return Fixed(_award(reading))


def _stamps(reading: Reading, _: str, purchase: bool) -> Effect:
    reading.fields("kind", "per", "card", "amount_minor", "window", "repeat", *_AWARD)
    per = ("purchase", "visit", "unit", "amount") if purchase else ("event",)
    counted = reading.get("per", one_of(*per), per[0])
    if (counted == "amount") != reading.has("amount_minor"):
        raise reading.child("amount_minor").refuse("goes with per: amount, and only with it.")
    return Stamps(
        counted,
        reading.get("card", whole(1, 10_000)),
        reading.get("amount_minor", whole(1), 1),
        _award(reading),
        reading.get("window", one_of(*WINDOWS), None),
        reading.get("repeat", Reading.flag, True),
    )


def _milestone(reading: Reading, _: str, __: bool) -> Effect:
    reading.fields("kind", "of", "at", "every", *_AWARD)
    if reading.has("at") == reading.has("every"):
        raise reading.refuse("either at or every is expected here.")
    at: tuple[int, ...] = ()
    if reading.has("at"):
        at = tuple(item.integer(1) for item in reading.child("at").items(100))
        if any(high <= low for low, high in pairwise(at)):
            raise reading.child("at").refuse("the marks must rise.")
    of = reading.get("of", one_of(*_COUNTED))
    every = reading.child("every").integer(1) if reading.has("every") else 0
    return Milestone(of, at, every, _award(reading))


def _streak(reading: Reading, _: str, __: bool) -> Effect:
    reading.fields("kind", "every", "length", "repeat", *_AWARD)
    return Streak(
        reading.get("every", one_of("day", "week", "month")),
        reading.get("length", whole(2, 1000)),
        _award(reading),
        reading.get("repeat", Reading.flag, True),
    )


def _award(reading: Reading) -> Award:
    points = reading.get("points", _POINTS, 0)
    reward = reading.get("reward", lambda item: item.text(64), None)
    if not points and reward is None:
        raise reading.refuse("points, a reward or both are expected here.")
    return Award(points, reward, reading.get("quantity", whole(1, 1000), 1))


def _step(per_minor: int, currency: str) -> str:
    """The step in words: "€", "10 €", "0.50 EUR"."""
    unit = 10 ** currency_exponent(currency)
    if currency not in _SIGNS or per_minor % unit:
        return str(Money(per_minor, currency))
    count = per_minor // unit
    return _SIGNS[currency] if count == 1 else f"{count} {_SIGNS[currency]}"


_KINDS: Final[dict[str, Callable[[Reading, str, bool], Effect]]] = {
    "rate": _rate,
    "percent": _percent,
    "per_unit": _per_unit,
    "multiply": _multiply,
    "fixed": _fixed,
    "stamps": _stamps,
    "milestone": _milestone,
    "streak": _streak,
}
