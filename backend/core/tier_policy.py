"""Tiers: what a program's levels ask for, over which window, and how they are lost.

A member's level comes from what was EARNED, spent or visited in a window, never from the balance:
spending points costs nobody their status. Windows are whole calendar months of the program's
zone, so that "kept until 31 March" can be said aloud and everybody can recompute it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Final

from backend.core import badges
from backend.core.benefits import Benefit, benefits_of, names_of
from backend.core.canonical import canonical_json
from backend.core.club import PLANS_MAX, Plan
from backend.core.engine.reading import Reading, one_of, whole
from backend.core.errors import BadgeTypeUnknown
from backend.core.money import AMOUNT_MINOR_MAX

MONTHS_KEPT: Final = 37
"""The running month and the 36 before it: what a standing remembers by month. A window reaches
back a year less, so that what comes in late can be judged as if it had been in time."""
ROLLING_MONTHS_MAX: Final = 24
KEPT_YEARS_MAX: Final = 1
LEVELS_MAX: Final = 20
ONE_BASIS_POINTS: Final = 10_000
_MULTIPLIER_MAX: Final = 100 * ONE_BASIS_POINTS
NO_LEVEL: Final = -1


class Measure(StrEnum):
    """What counts towards a level."""

    POINTS = "points"
    SPEND = "spend"
    VISITS = "visits"

    @property
    def place(self) -> int:
        """Where it is in a month's [points, spend_minor, visits]."""
        return list(Measure).index(self)


class WindowKind(StrEnum):
    """Which time counts."""

    ROLLING = "rolling"
    CALENDAR_YEAR = "calendar_year"
    LIFETIME = "lifetime"


class DowngradeMode(StrEnum):
    """How a level is lost that the window no longer supports."""

    NONE = "none"
    ONE_STEP = "one_step"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Window:
    """Rolling: the running month and the `months` before it, so that whatever counts does so for
    at least that long. Calendar year: the running year, or one of the `kept_years` before it if
    that one was better."""

    kind: WindowKind
    months: int = 0
    kept_years: int = 0

    @property
    def reach_months(self) -> int:
        """How many months before the running one can still count."""
        if self.kind is WindowKind.CALENDAR_YEAR:
            return 12 * self.kept_years + 11
        return self.months


@dataclass(frozen=True, slots=True)
class Downgrade:
    """A level is kept for `grace_months` whole months beyond its window. Losing one step at a
    time, a member stays at least `step_months` on each."""

    mode: DowngradeMode
    grace_months: int
    step_months: int


@dataclass(frozen=True, slots=True)
class Level:
    """`threshold` is in points, minor units or visits; points are multiplied by
    `multiplier_num / multiplier_den`; `badge` names the badge type that shows it on chain."""

    id: str
    english: str
    french: str
    threshold: int
    multiplier_num: int
    multiplier_den: int
    benefits: tuple[Benefit, ...]
    badge: str | None


@dataclass(frozen=True)
class TierPolicy:
    """A program's levels from the lowest to the highest, and its paid clubs.

    The first level is everybody's when its threshold is 0; otherwise a member can have none.
    """

    measure: Measure
    window: Window
    downgrade: Downgrade
    levels: tuple[Level, ...]
    clubs: tuple[Plan, ...]
    hash: str

    @classmethod
    def parse(cls, section: object, pointer: str = "/tiers") -> TierPolicy:
        """Reads the `tiers` section; raises RuleInvalid with the JSON pointer of what is wrong."""
        reading = Reading(section, pointer)
        fields = reading.fields("measure", "window", "downgrade", "levels", "clubs")
        levels = tuple(_level(item) for item in _items(reading, "levels", LEVELS_MAX))
        if len({level.id for level in levels}) < len(levels):
            raise reading.child("levels").refuse("every level has an id of its own.")
        if any(upper.threshold <= lower.threshold for lower, upper in pairwise(levels)):
            raise reading.child("levels").refuse("each threshold is above the one before.")
        level_ids = [level.id for level in levels]
        plans = _items(reading, "clubs", PLANS_MAX)
        clubs = tuple(Plan.parse(item, level_ids) for item in plans)
        if len({plan.id for plan in clubs}) < len(clubs):
            raise reading.child("clubs").refuse("every plan has an id of its own.")
        if not levels and not clubs:
            raise reading.child("levels").refuse("there is at least one level or one club.")
        return cls(
            measure=Measure(reading.get("measure", one_of(*Measure), Measure.POINTS)),
            window=reading.get("window", _window) if levels else _LIFETIME,
            downgrade=reading.get("downgrade", _downgrade, _AT_ONCE),
            levels=levels,
            clubs=clubs,
            hash=sha256(canonical_json(dict(fields))).hexdigest(),
        )

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {level.id: place for place, level in enumerate(self.levels)}

    def place(self, level_id: str | None) -> int:
        """Where the level stands, the lowest at 0; NO_LEVEL for none, or one there is no more."""
        return self._places.get(level_id or "", NO_LEVEL)

    def level(self, level_id: str | None) -> Level | None:
        """The level of this id."""
        place = self.place(level_id)
        return None if place == NO_LEVEL else self.levels[place]

    def level_id(self, place: int) -> str | None:
        """The id of the level that stands there."""
        return None if place == NO_LEVEL else self.levels[place].id

    @property
    def entry(self) -> str | None:
        """The level that everybody has, if there is one."""
        return self.level_id(self.reached(0))

    def reached(self, total: int) -> int:
        """The place of the highest level that `total` of the measure is enough for."""
        place = NO_LEVEL
        for level in self.levels:
            if level.threshold > total:
                break
            place += 1
        return place

    def plan(self, plan_id: str) -> Plan | None:
        """The club of this id."""
        return next((plan for plan in self.clubs if plan.id == plan_id), None)

    def multiplier(self, level_id: str | None) -> tuple[int, int]:
        """Numerator and denominator of what the level multiplies points by; 1, 1 without one."""
        level = self.level(level_id)
        return (level.multiplier_num, level.multiplier_den) if level else (1, 1)


_LIFETIME: Final = Window(WindowKind.LIFETIME)
_AT_ONCE: Final = Downgrade(DowngradeMode.FULL, 0, 12)


def _items(reading: Reading, name: str, most: int) -> Iterator[Reading]:
    return reading.child(name).items(most, 0) if reading.has(name) else iter(())


def _window(reading: Reading) -> Window:
    reading.fields("kind", "months", "kept_years")
    kind = WindowKind(reading.get("kind", one_of(*WindowKind)))
    if kind is WindowKind.ROLLING:
        reading.fields("kind", "months")
        return Window(kind, months=reading.get("months", whole(1, ROLLING_MONTHS_MAX)))
    if kind is WindowKind.CALENDAR_YEAR:
        reading.fields("kind", "kept_years")
        return Window(kind, kept_years=reading.get("kept_years", whole(0, KEPT_YEARS_MAX), 1))
    reading.fields("kind")
    return _LIFETIME


def _downgrade(reading: Reading) -> Downgrade:
    reading.fields("mode", "grace_months", "step_months")
    return Downgrade(
        DowngradeMode(reading.get("mode", one_of(*DowngradeMode))),
        reading.get("grace_months", whole(0, 12), 0),
        reading.get("step_months", whole(1, 36), 12),
    )


def _level(reading: Reading) -> Level:
    reading.fields("id", "name", "threshold", "multiplier", "benefits", "badge")
    english, french = names_of(reading)
    one = ONE_BASIS_POINTS, ONE_BASIS_POINTS
    multiplier_num, multiplier_den = reading.get("multiplier", _multiplier, one)
    return Level(
        id=reading.get("id", Reading.identifier),
        english=english,
        french=french,
        threshold=reading.get("threshold", whole(0, AMOUNT_MINOR_MAX)),
        multiplier_num=multiplier_num,
        multiplier_den=multiplier_den,
        benefits=benefits_of(reading),
        badge=reading.get("badge", _badge, None),
    )


def _badge(reading: Reading) -> str:
    try:
        return badges.badge_type(reading.text()).name
    except BadgeTypeUnknown as unknown:
        raise reading.refuse(unknown.message) from None


def _multiplier(reading: Reading) -> tuple[int, int]:
    """Basis points (12500 = ×1.25), or {"num": 5, "den": 4}; at least 1."""
    if not isinstance(reading.value, Mapping):
        return reading.integer(ONE_BASIS_POINTS, _MULTIPLIER_MAX), ONE_BASIS_POINTS
    reading.fields("num", "den")
    num, den = reading.get("num", whole(1, _MULTIPLIER_MAX)), reading.get("den", whole(1))
    if num < den:
        raise reading.refuse("a tier multiplies by 1 or more.")
    return num, den


def month_of(day: date) -> int:
    """The number of a day's calendar month, one more for each month since year 0."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    """The first day of a numbered month."""
    return date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> date:
    """The last day of a numbered month."""
    return first_day(month + 1) - timedelta(days=1)


NO_TIERS: Final = TierPolicy(
    measure=Measure.POINTS,
    window=_LIFETIME,
    downgrade=Downgrade(DowngradeMode.NONE, 0, 12),
    levels=(),
    clubs=(),
    hash="none",
)
"""The policy of rules that say nothing of tiers: nobody has one."""
