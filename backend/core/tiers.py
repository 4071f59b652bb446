"""Judging tiers: which level a member holds, since when and until when.

The earned level is folded over months (tier_counting.py). A late purchase or a return changes a
month that was judged already: then it is folded anew from the anchor, the oldest month for which
all that counts is still known, as if the purchase had come in time or had never been. Levels that
were granted, by a paid club or by the merchant, hold from day to day beside the earned one; the
higher of the two is the member's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from backend.core.tier_counting import Activity, Counted, Earned
from backend.core.tier_policy import (
    MONTHS_KEPT,
    NO_LEVEL,
    TierPolicy,
    WindowKind,
    first_day,
    last_day,
    month_of,
)

__all__ = [
    "Activity", "ChangeReason", "Grant", "Judged", "TierChange", "TierPolicy", "TierState",
    "granted", "judge", "judged",
]  # fmt: skip


class ChangeReason(StrEnum):
    """Why a member's level changed."""

    ENTRY = "entry"
    EARNED = "earned"
    LAPSED = "lapsed"
    GRANTED = "granted"
    GRANT_ENDED = "grant_ended"
    CORRECTED = "corrected"
    RULES_CHANGED = "rules_changed"


@dataclass(frozen=True, slots=True)
class Grant:
    """A level that is a member's from one day to another, both included; None for no end.

    `source` is who granted it, one grant each: `merchant`, or the label of a club, which may come
    without a level.
    """

    source: str
    level: str | None
    since: date
    until: date | None

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class TierChange:
    """A level that became another one on a day; None for none."""

    before: str | None
    after: str | None
    on: date
    reason: ChangeReason


@dataclass(frozen=True, slots=True)
class TierState:
    """A member's level as of `judged_on`, and what judging again needs.

    `until` is the last day on which it is kept if nothing more happens, None when it cannot be
    lost; `in_grace` says that the window no longer supports it. `before` and `running` are what
    the fold saw of the months before the judged one and of that one. `change_count` is how often
    the level changed so far.
    """

    level: str | None
    since: date
    until: date | None
    in_grace: bool
    judged_on: date
    policy_hash: str
    earned_level: str | None
    earned: Earned
    anchor: Earned
    before: int
    running: int
    grants: tuple[Grant, ...] = ()
    change_count: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """A state, and the changes that led to it, the oldest first."""

    state: TierState
    changes: tuple[TierChange, ...] = field(default=())


def judge(
    policy: TierPolicy, activity: Activity, today: date, current: TierState | None = None
) -> TierState:
    """The member's state as of `today`; `current` is None for one who was never judged."""
    return judged(policy, activity, today, current).state


def judged(
    policy: TierPolicy, activity: Activity, today: date, current: TierState | None = None
) -> Judged:
    """`judge`, with the changes since `current`. Time does not go back: a day before the one of
    `current` is judged as that day."""
    found = _judged(Counted(policy, activity), today, current)
    change_count = (current.change_count if current else 0) + len(found.changes)
    return replace(found, state=replace(found.state, change_count=change_count))


def _judged(counted: Counted, today: date, current: TierState | None) -> Judged:
    if current is None:
        return _first(counted, today)
    today = max(today, current.judged_on)
    if current.policy_hash != counted.policy.hash:
        return _under_new_rules(counted, today, current)
    if not _as_seen(counted, current):
        earned = counted.fold(current.anchor, month_of(today))
        return _settle(counted, today, current, current.anchor, earned)
    return _go_on(counted, today, current)


def granted(state: TierState, source: str, grant: Grant | None) -> TierState:
    """The state with the source's grant replaced, or taken away; it is to be judged then."""
    others = [one for one in state.grants if one.source != source]
    mine = [grant] if grant is not None else []
    return replace(state, grants=tuple(sorted([*others, *mine], key=lambda one: one.source)))


def _as_seen(counted: Counted, current: TierState) -> bool:
    """Whether nothing changed but that more happened in the month that was judged last."""
    before, running = counted.seen(current.anchor, current.earned.month)
    return before == current.before and running >= current.running


def _first(counted: Counted, today: date) -> Judged:
    policy, month = counted.policy, month_of(today)
    began = min(counted.first or month, _oldest(policy, month) + 1)
    anchor = _recent(counted, Earned(began - 1, policy.reached(0)), month)
    earned = counted.fold(anchor, month)
    level = policy.level_id(earned.place)
    state = _state(counted, today, today, anchor, earned, ())
    if level is None:
        return Judged(state)
    reason = ChangeReason.ENTRY if level == policy.entry else ChangeReason.EARNED
    return Judged(state, (TierChange(None, level, today, reason),))


def _under_new_rules(counted: Counted, today: date, current: TierState) -> Judged:
    """Nobody loses a level because the rules changed, only when it lapses under the new ones.

    A level that there is no more counts as the highest one reached now.
    """
    policy = counted.policy
    kept = max(policy.place(current.earned_level), policy.reached(0))
    earned = counted.reach(Earned(month_of(today), kept))
    settled = _settle(counted, today, current, earned, earned)
    changes = tuple(replace(one, reason=ChangeReason.RULES_CHANGED) for one in settled.changes)
    return Judged(settled.state, changes)


def _go_on(counted: Counted, today: date, current: TierState) -> Judged:
    """From where it stood: what lapsed did so on its day, what is reached is so today."""
    policy, month = counted.policy, month_of(today)
    earned, level = counted.reach(current.earned), policy.place(current.level)
    anchor, before = current.anchor, earned
    changes = []
    for day in _turns(current, today):
        if day.day == 1:
            before, earned = earned, counted.lose(earned, month_of(day))
        place = max(earned.place, _granted_place(policy, current, day))
        if place < level:
            kept = before.place >= level > earned.place
            reason = ChangeReason.LAPSED if kept else ChangeReason.GRANT_ENDED
            changes.append(TierChange(policy.level_id(level), policy.level_id(place), day, reason))
            level = place
        if day.day == 1:
            earned = counted.reach(earned)
    if month > current.earned.month:
        anchor = _recent(counted, anchor, month)
    since = changes[-1].on if changes else current.since
    current = replace(current, level=policy.level_id(level), since=since)
    settled = _settle(counted, today, current, anchor, earned)
    return Judged(settled.state, (*changes, *settled.changes))


def _turns(current: TierState, today: date) -> Iterator[date]:
    """The days after the judged one on which something may be lost: months begin, grants end."""
    months = range(month_of(current.judged_on) + 1, month_of(today) + 1)
    ends = (one.until + timedelta(days=1) for one in current.grants if one.until is not None)
    days = {first_day(month) for month in months}
    days |= {day for day in ends if current.judged_on < day <= today}
    yield from sorted(days)


def _oldest(policy: TierPolicy, month: int) -> int:
    """The oldest anchor for which all that counts is still known a month later."""
    return month - MONTHS_KEPT + 1 + policy.window.reach_months


def _recent(counted: Counted, anchor: Earned, month: int) -> Earned:
    """The anchor moved on as far as it has to be in `month`; a lifetime is always known whole."""
    if counted.policy.window.kind is WindowKind.LIFETIME:
        return anchor
    return counted.fold(anchor, max(anchor.month, _oldest(counted.policy, month)))


def _granted_place(policy: TierPolicy, state: TierState, day: date) -> int:
    held = (policy.place(one.level) for one in state.grants if one.holds(day))
    return max(held, default=NO_LEVEL)


def _settle(
    counted: Counted, today: date, current: TierState, anchor: Earned, earned: Earned
) -> Judged:
    """As of today, with the change from the level of `current` if there is one."""
    policy = counted.policy
    grants = tuple(one for one in current.grants if one.until is None or today <= one.until)
    state = _state(counted, today, current.since, anchor, earned, grants)
    if state.level == current.level:
        return Judged(state)
    if policy.place(state.level) > policy.place(current.level):
        by_grant = policy.place(state.level) > earned.place
        reason = ChangeReason.GRANTED if by_grant else ChangeReason.EARNED
    else:
        was_earned = policy.place(current.earned_level) >= policy.place(current.level)
        reason = ChangeReason.CORRECTED if was_earned else ChangeReason.GRANT_ENDED
    change = TierChange(current.level, state.level, today, reason)
    return Judged(replace(state, since=today), (change,))


def _state(
    counted: Counted,
    today: date,
    since: date,
    anchor: Earned,
    earned: Earned,
    grants: tuple[Grant, ...],
) -> TierState:
    policy = counted.policy
    held = [one for one in grants if one.holds(today)]
    place = max([earned.place, *(policy.place(one.level) for one in held)])
    ends = [one.until for one in held if policy.place(one.level) == place]
    if earned.place == place:
        month = counted.kept_until(earned)
        ends.append(None if month is None else last_day(month))
    before, running = counted.seen(anchor, earned.month)
    return TierState(
        level=policy.level_id(place),
        since=since,
        until=None if None in ends or place == NO_LEVEL else max(filter(None, ends)),
        in_grace=earned.grace_months > 0 and earned.place == place,
        judged_on=today,
        policy_hash=policy.hash,
        earned_level=policy.level_id(earned.place),
        earned=earned,
        anchor=anchor,
        before=before,
        running=running,
        grants=grants,
    )
