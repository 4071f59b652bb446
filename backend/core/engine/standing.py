"""What a program remembers of a member between purchases, and what is known of them now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final

from backend.core.canonical import canonical_json
from backend.core.engine.moment import Moment

MONTHS_MAX: Final = 37
"""Months of activity that are kept: three whole years and the current month."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's memory in one program. A value: a change is a new standing.

    `months` maps "2026-11" to (points earned, minor units spent, visit days). `remainders` maps a
    rule to the fraction of a point it still owes, as (numerator, denominator). `stamps` maps a
    rule to the stamps on its open card. `used` maps a cap's window to the points it has let
    through. `streaks` maps a rule to (number of its last period, periods in a row). `given` maps
    a rule to the last occasion it was given for.
    """

    purchase_count: int = 0
    visit_days: int = 0
    spend_minor: int = 0
    earned_points: int = 0
    first_day: date | None = None
    last_day: date | None = None
    months: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    remainders: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    stamps: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)
    streaks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()

    def to_document(self) -> dict[str, Any]:
        """The standing as JSON types; what is empty is left out."""
        document: dict[str, Any] = {}
        for name in _NAMES:
            value = getattr(self, name)
            if value:
                document[name] = _PLAIN[name](value) if name in _PLAIN else value
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Standing:
        """The standing that `to_document` wrote; fields of a later format are refused."""
        values = dict(document)
        for name, read in _READ.items():
            if name in values:
                values[name] = read(values[name])
        return cls(**values)

    def to_json(self) -> str:
        """One text per value: equal standings have equal texts."""
        return canonical_json(self.to_document()).decode()

    @classmethod
    def from_json(cls, text: str | None) -> Standing:
        """The standing in a database column; None and "" are a member without a past."""
        return cls.from_document(json.loads(text)) if text else EMPTY


def _pairs(values: Mapping[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value) for name, value in values.items()}


_NAMES: Final = tuple(entry.name for entry in fields(Standing))
_PLAIN: Final[dict[str, Any]] = {
    "first_day": date.isoformat,
    "last_day": date.isoformat,
    "labels": sorted,
}
_READ: Final[dict[str, Any]] = {
    "first_day": date.fromisoformat,
    "last_day": date.fromisoformat,
    "labels": frozenset,
    "months": _pairs,
    "remainders": _pairs,
    "streaks": _pairs,
}
EMPTY: Final = Standing()


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A member at the moment of a purchase or an event.

    `birthday` is (month, day); `tier` is the id of the tier held now; `labels` are the segments a
    merchant put the member in, beside those of the standing.
    """

    moment: Moment
    standing: Standing = EMPTY
    enrolled_on: date | None = None
    birthday: tuple[int, int] | None = None
    tier: str | None = None
    labels: frozenset[str] = frozenset()
