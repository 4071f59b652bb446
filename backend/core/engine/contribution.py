"""What one purchase changed in a member's standing, so that its return can change it back.

Nothing is derived from the rules again: what is undone is what was noted when the purchase was
judged. Spend, points and what caps let through go back with every part that is returned, the rest
once all of the purchase is back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import gcd
from typing import Any, Final

from backend.core.engine.standing import Standing

_GONE: Final = None
"""What a rule had been given for, or its streak, where there was nothing before."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """The difference that a purchase made, each map by the keys of the standing's own.

    `month` is the one it counts in. `used`, `stamps` and `remainders` are what it added (a full
    card takes its stamps away). `given` and `streaks` have (before, after).
    """

    month: str
    basis_minor: int = 0
    points: int = 0
    purchases: int = 0
    used: Mapping[str, int] = field(default_factory=dict)
    stamps: Mapping[str, int] = field(default_factory=dict)
    remainders: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    given: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)
    streaks: Mapping[str, tuple[tuple[int, int] | None, tuple[int, int]]] = field(
        default_factory=dict
    )

    @classmethod
    def between(cls, before: Standing, after: Standing, month: str) -> Contribution:
        """What lies between two standings of a member, one purchase apart."""
        return cls(
            month=month,
            basis_minor=after.spend_minor - before.spend_minor,
            points=after.earned_points - before.earned_points,
            purchases=after.purchase_count - before.purchase_count,
            # A window that is forgotten meanwhile needs nothing back.
            used={k: v for k, v in _added(before.used, after.used).items() if v > 0},
            stamps={
                k: v
                for k, v in _added(before.stamps, after.stamps).items()
                if k in after.stamps or not _outlived(k, after.stamps)
            },
            remainders=_fractions_added(before.remainders, after.remainders),
            given={
                rule: (before.given.get(rule, _GONE), occasion)
                for rule, occasion in after.given.items()
                if before.given.get(rule) != occasion
            },
            streaks={
                rule: (before.streaks.get(rule, _GONE), streak)
                for rule, streak in after.streaks.items()
                if before.streaks.get(rule) != streak
            },
        )

    def without(self, rules: Collection[str]) -> Contribution:
        """The same without what these rules counted towards an award: it stays used up."""
        return replace(
            self,
            stamps={k: v for k, v in self.stamps.items() if k.partition("|")[0] not in rules},
            given={rule: pair for rule, pair in self.given.items() if rule not in rules},
            streaks={rule: pair for rule, pair in self.streaks.items() if rule not in rules},
        )

    def to_document(self) -> dict[str, Any]:
        """As JSON types; what is empty is left out."""
        document: dict[str, Any] = {"month": self.month}
        for name in ("basis_minor", "points", "purchases", "used", "stamps"):
            if value := getattr(self, name):
                document[name] = value
        for name in ("remainders", "given", "streaks"):
            if value := getattr(self, name):
                document[name] = {key: list(pair) for key, pair in value.items()}
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Contribution:
        """What `to_document` wrote."""
        values = dict(document)
        values["remainders"] = {k: (v[0], v[1]) for k, v in values.get("remainders", {}).items()}
        values["given"] = {k: (v[0], v[1]) for k, v in values.get("given", {}).items()}
        values["streaks"] = {
            k: (v[0] and (v[0][0], v[0][1]), (v[1][0], v[1][1]))
            for k, v in values.get("streaks", {}).items()
        }
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Undone:
    """How much of a purchase's points is back, of all it was credited with, and whether all of
    the purchase is; `value_minor` of `amount_minor` likewise."""

    points: int
    of_points: int
    value_minor: int
    of_minor: int
    complete: bool

    def share(self, whole: int) -> int:
        """The share of `whole` that is back, by amount, rounded down; all of it at the end."""
        return _share(whole, self.value_minor, self.of_minor, self.complete)

    def share_of_points(self, whole: int) -> int:
        """The same by points."""
        return _share(whole, self.points, self.of_points, self.complete)


def undo(standing: Standing, made: Contribution, before: Undone, after: Undone) -> Standing:
    """The standing once more of a purchase is back: `after`, where it was `before`.

    Nothing but a remainder falls below zero. What has changed since for another reason stays: a
    streak that went on, a rule that was given again.
    """
    basis_minor = after.share(made.basis_minor) - before.share(made.basis_minor)
    points = after.share_of_points(made.points) - before.share_of_points(made.points)
    used = dict(standing.used)
    for key, let_through in made.used.items():
        back = after.share_of_points(let_through) - before.share_of_points(let_through)
        if key in used:
            used[key] = max(0, used[key] - back)
    changed = replace(
        standing,
        spend_minor=max(0, standing.spend_minor - basis_minor),
        earned_points=max(0, standing.earned_points - points),
        months=_month_less(standing, made.month, points, basis_minor),
        used=used,
    )
    if after.complete and not before.complete:
        return _undo_rest(changed, made)
    return changed


def _undo_rest(standing: Standing, made: Contribution) -> Standing:
    stamps = {
        key: max(0, standing.stamps.get(key, 0) - made.stamps.get(key, 0))
        for key in {*standing.stamps, *made.stamps}
    }
    given, streaks = dict(standing.given), dict(standing.streaks)
    for rule, (occasion, noted) in made.given.items():
        if given.get(rule) == noted:
            given.pop(rule)
            given |= {rule: occasion} if occasion is not None else {}
    for rule, (streak, reached) in made.streaks.items():
        if streaks.get(rule) == reached:
            streaks.pop(rule)
            streaks |= {rule: streak} if streak is not None else {}
    return replace(
        standing,
        purchase_count=max(0, standing.purchase_count - made.purchases),
        stamps={key: stamps[key] for key in sorted(stamps) if stamps[key]},
        remainders=_fractions_less(standing.remainders, made.remainders),
        given=given,
        streaks=streaks,
    )


def _share(whole: int, part: int, of: int, complete: bool) -> int:
    if complete:
        return whole
    return whole * part // of if of else 0


def _month_less(
    standing: Standing, month: str, points: int, basis_minor: int
) -> dict[str, tuple[int, int, int]]:
    months = {key: (row[0], row[1], row[2]) for key, row in standing.months.items()}
    if month in months:
        earned, spend_minor, visits = months[month]
        months[month] = (max(0, earned - points), max(0, spend_minor - basis_minor), visits)
    return months


def _added(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    added = {key: value - before.get(key, 0) for key, value in after.items()}
    added |= {key: -value for key, value in before.items() if key not in after}
    return {key: value for key, value in added.items() if value}


def _outlived(key: str, stamps: Mapping[str, int]) -> bool:
    """Whether a later window's card of the same rule has taken the place of this one."""
    rule, window, _ = key.partition("|")
    return bool(window) and any(other.startswith(f"{rule}|") and other > key for other in stamps)


Fractions = Mapping[str, tuple[int, int]]
_NOTHING_OWED: Final = (0, 1)


def _fractions_added(before: Fractions, after: Fractions) -> dict[str, tuple[int, int]]:
    added = {}
    for rule in before.keys() | after.keys():
        now, then = after.get(rule, _NOTHING_OWED), before.get(rule, _NOTHING_OWED)
        if now != then:
            added[rule] = (now[0] * then[1] - then[0] * now[1], now[1] * then[1])
    return added


def _fractions_less(standing: Fractions, made: Fractions) -> dict[str, tuple[int, int]]:
    left = dict(standing)
    for rule, (num, den) in made.items():
        had, of = left.get(rule, (0, 1))
        rest = had * den - num * of
        left.pop(rule, None)
        if rest:
            # Below zero it was used meanwhile: what is earned next makes it up.
            left[rule] = _lowest(rest, of * den)
    return left


def _lowest(num: int, den: int) -> tuple[int, int]:
    common = gcd(num, den)
    return num // common, den // common
