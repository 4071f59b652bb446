"""Tiers: what a program's levels ask for, over which window, and how they are lost.

A member's level comes from what was EARNED, spent or visited in a window, never from the balance:
spending points costs nobody their status. Windows are whole calendar months of the program's
zone, so that "kept until 31 March" can be said aloud and everybody can recompute it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Final

from backend.core import badges
from backend.core.benefits import Benefit, benefits_of
from backend.core.canonical import canonical_json
from backend.core.club import PLANS_MAX, Plan
from backend.core.errors import BadgeTypeUnknown
from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.tier_reading import Reading

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
        read = Reading.of(section, pointer, "measure", "window", "downgrade", "levels", "clubs")
        levels = tuple(_level(each) for each in read.children("levels", LEVELS_MAX, *_LEVEL))
        if len({level.id for level in levels}) < len(levels):
            raise read.refuse("Every level has an id of its own.", "levels")
        if any(upper.threshold <= lower.threshold for lower, upper in pairwise(levels)):
            raise read.refuse("Levels go up: each threshold is above the one before.", "levels")
        level_ids = [level.id for level in levels]
        clubs = tuple(
            Plan.parse(each, level_ids) for each in read.children("clubs", PLANS_MAX, *Plan.FIELDS)
        )
        if len({plan.id for plan in clubs}) < len(clubs):
            raise read.refuse("Every plan has an id of its own.", "clubs")
        if not levels and not clubs:
            raise read.refuse("There is at least one level or one club.", "levels")
        return cls(
            measure=Measure(read.choice("measure", *Measure, default=Measure.POINTS)),
            window=_window(read) if levels else _LIFETIME,
            downgrade=_downgrade(read),
            levels=levels,
            clubs=clubs,
            hash=sha256(canonical_json(dict(read.fields))).hexdigest(),
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
_LEVEL: Final = ("id", "name", "threshold", "multiplier", "benefits", "badge")


def _window(read: Reading) -> Window:
    given = read.child("window", "kind", "months", "kept_years")
    kind = WindowKind(given.choice("kind", *WindowKind))
    if kind is WindowKind.ROLLING:
        given = read.child("window", "kind", "months")
        return Window(kind, months=given.whole("months", 1, ROLLING_MONTHS_MAX))
    if kind is WindowKind.CALENDAR_YEAR:
        given = read.child("window", "kind", "kept_years")
        return Window(kind, kept_years=given.whole("kept_years", 0, KEPT_YEARS_MAX, 1))
    read.child("window", "kind")
    return _LIFETIME


def _downgrade(read: Reading) -> Downgrade:
    if "downgrade" not in read.fields:
        return Downgrade(DowngradeMode.FULL, 0, 12)
    given = read.child("downgrade", "mode", "grace_months", "step_months")
    mode = DowngradeMode(given.choice("mode", *DowngradeMode))
    grace_months = given.whole("grace_months", 0, 12, 0)
    return Downgrade(mode, grace_months, given.whole("step_months", 1, 36, 12))


def _level(read: Reading) -> Level:
    name = read.child("name", "en", "fr")
    multiplier_num, multiplier_den = _multiplier(read)
    return Level(
        id=read.identifier("id"),
        english=name.words("en"),
        french=name.words("fr"),
        threshold=read.whole("threshold", 0, AMOUNT_MINOR_MAX),
        multiplier_num=multiplier_num,
        multiplier_den=multiplier_den,
        benefits=benefits_of(read),
        badge=_badge(read),
    )


def _badge(read: Reading) -> str | None:
    if read.fields.get("badge") is None:
        return None
    try:
        return badges.badge_type(read.words("badge")).name
    except BadgeTypeUnknown as unknown:
        raise read.refuse(unknown.message, "badge") from None


def _multiplier(read: Reading) -> tuple[int, int]:
    """`multiplier` in basis points (12500 = ×1.25) or as {"num": 5, "den": 4}; ×1 if left out."""
    if isinstance(read.fields.get("multiplier"), Mapping):
        given = read.child("multiplier", "num", "den")
        return given.whole("num", 0, _MULTIPLIER_MAX), given.whole("den", 1, _MULTIPLIER_MAX)
    return read.whole("multiplier", 0, _MULTIPLIER_MAX, ONE_BASIS_POINTS), ONE_BASIS_POINTS


def month_of(day: date) -> int:
    """The number of a day's calendar month, one more for each month since year 0."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    """The first day of a numbered month."""
    return date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> date:
    """The last day of a numbered month."""
    return first_day(month + 1) - timedelta(days=1)
