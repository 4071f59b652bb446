"""One memory out of two: a person who turns out to have had two accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeVar

from backend.core.engine.standing import MONTHS_MAX, Standing

_Value = TypeVar("_Value")


def merged(one: Standing, other: Standing) -> Standing:
    """Counts, months, open cards and what is still owed are added, so that nothing earned so far
    is lost; what was given once counts as given, so that it is not given again. Of two streaks the
    one that goes on is kept. A day on which both came counts twice as a visit: nobody noted it."""
    months = _united(one.months, other.months, _sums)
    firsts = [day for day in (one.first_day, other.first_day) if day is not None]
    lasts = [day for day in (one.last_day, other.last_day) if day is not None]
    return Standing(
        purchase_count=one.purchase_count + other.purchase_count,
        visit_days=one.visit_days + other.visit_days,
        spend_minor=one.spend_minor + other.spend_minor,
        earned_points=one.earned_points + other.earned_points,
        first_day=min(firsts, default=None),
        last_day=max(lasts, default=None),
        months={key: months[key] for key in sorted(months)[-MONTHS_MAX:]},
        remainders=_united(one.remainders, other.remainders, _fraction),
        stamps=_united(one.stamps, other.stamps, int.__add__),
        used=_united(one.used, other.used, int.__add__),
        streaks=_united(one.streaks, other.streaks, max),
        given=_united(one.given, other.given, max),
        labels=one.labels | other.labels,
    )


def _united(
    one: Mapping[str, _Value], other: Mapping[str, _Value], join: Callable[[_Value, _Value], _Value]
) -> dict[str, _Value]:
    united = dict(one)
    for key, value in other.items():
        united[key] = join(united[key], value) if key in united else value
    return united


def _sums(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _fraction(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return (Fraction(*one) + Fraction(*other)).as_integer_ratio()
