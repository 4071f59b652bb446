"""Counting towards tiers: an activity by months, and the earned level as a fold over them.

At the start of each month a level may be lost, within it one may be reached. The result depends
on what happened in the months and on nothing else: neither on how often a member is judged, nor
on the order in which purchases come in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Final

from backend.core.tier_policy import DowngradeMode, TierPolicy, WindowKind

_FORESIGHT_MONTHS: Final = 12 * 12
"""Longer than the window, grace and first step down of any policy."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What a member did, as [points, spend_minor, visits] by numbered month and in all."""

    months: Mapping[int, Sequence[int]]
    lifetime: Sequence[int]

    @classmethod
    def of(cls, months: Mapping[str, Sequence[int]], lifetime: Sequence[int]) -> Activity:
        """From months named as `2026-11`."""
        return cls({_number(name): totals for name, totals in months.items()}, lifetime)


@lru_cache(maxsize=1024)
def _number(name: str) -> int:
    return int(name[:4]) * 12 + int(name[5:]) - 1


@dataclass(frozen=True, slots=True)
class Earned:
    """The earned level at the end of a month, as far as the month is known.

    `grace_months` of grace are used; `stepped` is the month of the last step down.
    """

    month: int
    place: int
    grace_months: int = 0
    stepped: int | None = None


class Counted:
    """A policy's measure of an activity, summed so that any run of months costs one step."""

    def __init__(self, policy: TierPolicy, activity: Activity) -> None:
        self.policy = policy
        place = policy.measure.place
        by_month = activity.months
        self.lifetime = activity.lifetime[place]
        self.first = min(by_month, default=0)
        span = range(self.first, max(by_month, default=0) + 1)
        amounts = (by_month[month][place] if month in by_month else 0 for month in span)
        self._sums = list(accumulate(amounts, initial=0))

    def within(self, first: int, last: int) -> int:
        """The total of the months from `first` to `last`."""
        end = len(self._sums) - 1
        low = min(max(first - self.first, 0), end)
        high = min(max(last + 1 - self.first, low), end)
        return self._sums[high] - self._sums[low]

    def seen(self, anchor: Earned, month: int) -> tuple[int, int]:
        """What a fold from `anchor` looks at before `month`, and in it."""
        window = self.policy.window
        if window.kind is WindowKind.LIFETIME:
            return 0, self.lifetime
        first = anchor.month + 1 - window.reach_months
        return self.within(first, month - 1), self.within(month, month)

    def total(self, month: int, *, running: bool) -> int:
        """What counts in a month, with its own activity or as at its start."""
        window = self.policy.window
        if window.kind is WindowKind.LIFETIME:
            return self.lifetime
        last = month if running else month - 1
        if window.kind is WindowKind.ROLLING:
            return self.within(month - window.months, last)
        january = month - month % 12
        years = [january - 12 * back for back in range(window.kept_years + 1)]
        return max(self.within(start, min(start + 11, last)) for start in years)

    def fold(self, earned: Earned, month: int) -> Earned:
        """The earned level at the end of `month`, from an earlier one."""
        earned = self.reach(earned)
        for each in range(earned.month + 1, month + 1):
            earned = self.reach(self.lose(earned, each))
        return earned

    def lose(self, earned: Earned, month: int) -> Earned:
        """As the month after `earned` begins: grace is used, or the level is lost."""
        reached = self.policy.reached(self.total(month, running=False))
        downgrade = self.policy.downgrade
        if reached >= earned.place or downgrade.mode is DowngradeMode.NONE:
            return Earned(month, earned.place, 0, earned.stepped)
        if earned.grace_months < downgrade.grace_months:
            return Earned(month, earned.place, earned.grace_months + 1, earned.stepped)
        if downgrade.mode is DowngradeMode.FULL:
            return Earned(month, reached)
        if earned.stepped is not None and month - earned.stepped < downgrade.step_months:
            return replace(earned, month=month)
        return Earned(month, earned.place - 1, 0, month)

    def reach(self, earned: Earned) -> Earned:
        """With what happens within the month: a level is reached at once, and grace is over."""
        reached = self.policy.reached(self.total(earned.month, running=True))
        if reached > earned.place:
            return Earned(earned.month, reached)
        return replace(earned, grace_months=0) if reached == earned.place else earned

    def kept_until(self, earned: Earned) -> int | None:
        """The last month in which the level is kept if nothing more happens; None for always."""
        lasting = self.policy.window.kind is WindowKind.LIFETIME
        if lasting or self.policy.downgrade.mode is DowngradeMode.NONE:
            return None
        if earned.place <= self.policy.reached(0):
            return None
        later = earned
        for month in range(earned.month + 1, earned.month + _FORESIGHT_MONTHS):
            later = self.lose(later, month)
            if later.place < earned.place:
                return month - 1
        return None
