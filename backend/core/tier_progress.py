"""Progress: what is missing to the next level, and to keep the one that a member has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from backend.core.tier_counting import Activity, Counted
from backend.core.tier_policy import (
    NO_LEVEL,
    TierPolicy,
    WindowKind,
    first_day,
    last_day,
    month_of,
)
from backend.core.tiers import TierState


@dataclass(frozen=True, slots=True)
class NextLevel:
    """`missing` of the measure to reach `level`; what counts today counts at least until
    `counts_until`, for ever if that is None."""

    level: str
    threshold: int
    missing: int
    counts_until: date | None


@dataclass(frozen=True, slots=True)
class Keeping:
    """`missing` of the measure, from one day to another, to keep the level beyond the second."""

    missing: int
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Progress:
    """`total` is what counts now of the policy's measure; None for what there is not."""

    total: int
    next: NextLevel | None
    keeping: Keeping | None


def progress(policy: TierPolicy, activity: Activity, state: TierState) -> Progress:
    """Of a member as of the day that `state` was judged on."""
    counted = Counted(policy, activity)
    month = month_of(state.judged_on)
    total = _gathered(counted, month)
    above = policy.place(state.level) + 1
    upper = None
    if above < len(policy.levels):
        level = policy.levels[above]
        missing = max(0, level.threshold - total)
        upper = NextLevel(level.id, level.threshold, missing, _counts_until(policy, month))
    return Progress(total, upper, _keeping(counted, state))


def _gathered(counted: Counted, month: int) -> int:
    """What more can be added to: of calendar years only the running one."""
    if counted.policy.window.kind is WindowKind.CALENDAR_YEAR:
        return counted.within(month - month % 12, month)
    return counted.total(month, running=True)


def _counts_until(policy: TierPolicy, month: int) -> date | None:
    kind = policy.window.kind
    if kind is WindowKind.LIFETIME:
        return None
    return last_day(month - month % 12 + 11 if kind is WindowKind.CALENDAR_YEAR else month)


def _keeping(counted: Counted, state: TierState) -> Keeping | None:
    policy, kept = counted.policy, counted.kept_until(state.earned)
    place = policy.place(state.level)
    if kept is None or place == NO_LEVEL or state.earned.place != place or state.until is None:
        return None
    window, since = policy.window, state.judged_on
    if window.kind is WindowKind.CALENDAR_YEAR:
        january = kept - kept % 12
        if not window.kept_years and kept % 12 == 11:
            return None
        gathered, since = counted.within(january, kept), max(since, first_day(january))
    else:
        gathered = counted.total(kept + 1, running=False)
    missing = max(0, policy.levels[place].threshold - gathered)
    return Keeping(missing, since, last_day(kept))
