"""Tiers are recomputable: whoever replays the purchases month by month gets the same level."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.tier_documents import from_document, to_document
from backend.core.tier_gain import stays
from backend.core.tiers import (
    Activity,
    Grant,
    TierPolicy,
    TierState,
    granted,
    judge,
    judged,
)

START = date(2024, 1, 1)
THRESHOLDS = (0, 10, 30, 60)
DAYS = st.integers(0, 700)
LATE_DAYS = st.one_of(st.just(0), st.integers(0, 150))


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    window = draw(
        st.one_of(
            st.builds(lambda n: {"kind": "rolling", "months": n}, st.integers(1, 12)),
            st.builds(lambda n: {"kind": "calendar_year", "kept_years": n}, st.integers(0, 1)),
            st.just({"kind": "lifetime"}),
        )
    )
    downgrade = {
        "mode": draw(st.sampled_from(["none", "one_step", "full"])),
        "grace_months": draw(st.integers(0, 3)),
        "step_months": draw(st.integers(1, 5)),
    }
    thresholds = THRESHOLDS[draw(st.integers(0, 1)) :]
    levels = [
        {"id": f"level-{one}", "name": {"en": "a", "fr": "b"}, "threshold": one}
        for one in thresholds
    ]
    return {"window": window, "downgrade": downgrade, "levels": levels}


@st.composite
def purchases(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """(day it is known on, day it was made on, points) in the order they become known; a return
    is known later and takes the points from the day of its purchase."""
    bought = st.tuples(DAYS, LATE_DAYS, st.integers(1, 40), st.none() | st.integers(0, 150))
    known = []
    for day, late, points, returned in draw(st.lists(bought, max_size=12)):
        made = max(0, day - late)
        known.append((day, made, points))
        if returned is not None:
            known.append((day + returned, made, -points))
    return sorted(known, key=lambda one: (one[0], -one[2]))


def on(day: int) -> date:
    return START + timedelta(days=day)


def activity_of(made: list[tuple[int, int]]) -> Activity:
    months: Counter[str] = Counter()
    for day, points in made:
        months[f"{on(day):%Y-%m}"] += points
    whole = sum(months.values())
    return Activity.of({name: (points, 0, 0) for name, points in months.items()}, (whole, 0, 0))


class Model:
    """The rules of the levels as they are told to members, month by month, from the purchases."""

    def __init__(self, document: dict[str, Any], made: list[tuple[int, int]]) -> None:
        self.window, self.downgrade = document["window"], document["downgrade"]
        self.thresholds: list[int] = [level["threshold"] for level in document["levels"]]
        self.points: dict[tuple[int, int], int] = defaultdict(int)
        for day, points in made:
            self.points[on(day).year, on(day).month] += points

    def level(self, today: date) -> int:
        """The place of the level at the end of `today`."""
        place, grace, stepped = self._reached(0), 0, -999
        for count in range((today.year - START.year) * 12 + today.month):
            year, month = START.year + count // 12, count % 12 + 1
            supported = self._reached(self._total(year, month, with_it=False))
            if supported >= place or self.downgrade["mode"] == "none":
                grace = 0
            elif grace < self.downgrade["grace_months"]:
                grace += 1
            elif self.downgrade["mode"] == "full":
                place, grace = supported, 0
            elif count - stepped >= self.downgrade["step_months"]:
                place, grace, stepped = place - 1, 0, count
            supported = self._reached(self._total(year, month, with_it=True))
            if supported > place:
                place, stepped = supported, -999
            if supported == place:
                grace = 0
        return place

    def _total(self, year: int, month: int, *, with_it: bool) -> int:
        if self.window["kind"] == "lifetime":
            return sum(self.points.values())
        counted = {
            when: points
            for when, points in self.points.items()
            if when < (year, month) or (with_it and when == (year, month))
        }
        if self.window["kind"] == "calendar_year":
            years = range(year - self.window["kept_years"], year + 1)
            return max(sum(p for when, p in counted.items() if when[0] == one) for one in years)
        oldest = divmod(year * 12 + month - 1 - self.window["months"], 12)
        return sum(p for when, p in counted.items() if when >= (oldest[0], oldest[1] + 1))

    def _reached(self, total: int) -> int:
        return sum(threshold <= total for threshold in self.thresholds) - 1


def usual(
    policy: TierPolicy, known: list[tuple[int, int]], day: int, at: int, state: TierState
) -> bool:
    """Whether the till leaves a purchase unjudged."""
    if state.until is not None and state.until < on(day):
        return False
    months: Counter[str] = Counter()
    for made, points in known:
        months[f"{on(made):%Y-%m}"] += points
    named = {name: (points, 0, 0) for name, points in months.items()}
    lifetime = (sum(months.values()), 0, 0)
    return stays(policy, named, lifetime, state.level, day=on(at), today=on(day))


@settings(max_examples=120, deadline=None)
@given(policies(), purchases(), st.lists(DAYS, max_size=6), DAYS)
def test_whoever_replays_the_purchases_gets_the_same_level(
    document: dict[str, Any], made: list[tuple[int, int, int]], sweeps: list[int], last: int
) -> None:
    """However late purchases come or go back, however often the sweep runs, and whatever is not
    written because nothing changed."""
    policy = TierPolicy.parse(document)
    known: list[tuple[int, int]] = []
    state: TierState | None = None
    last = max([last, *sweeps, *(day for day, _, _ in made)])
    turns = sorted([*((day, 1, at, points) for day, at, points in made),
                    *((day, 0, 0, 0) for day in [*sweeps, last])])  # fmt: skip
    for day, is_purchase, at, points in [*turns, (last, 0, 0, 0)]:
        if is_purchase:
            known.append((at, points))
        activity = activity_of(known)
        if state is not None and points > 0 and usual(policy, known, day, at, state):
            assert judge(policy, activity, on(day), state).level == state.level
            continue
        before = state.level if state else None
        result = judged(policy, activity, on(day), state)
        for change in result.changes:
            assert change.before == before != change.after
            before = change.after
        assert before == result.state.level
        state = from_document(to_document(result.state))
    assert state is not None
    assert policy.place(state.level) == Model(document, known).level(on(last))


@settings(max_examples=80, deadline=None)
@given(policies(), st.lists(st.tuples(DAYS, st.integers(1, 40)), max_size=8))
def test_a_level_is_kept_to_its_day_and_lost_on_the_next(
    document: dict[str, Any], made: list[tuple[int, int]]
) -> None:
    policy = TierPolicy.parse(document)
    activity, today = activity_of(made), on(max([0, *(day for day, _ in made)]))
    state = judge(policy, activity, today)
    if state.until is None:
        assert judge(policy, activity, today + timedelta(days=5000), state).level == state.level
    else:
        assert judge(policy, activity, state.until, state).level == state.level
        after = judge(policy, activity, state.until + timedelta(days=1), state)
        assert policy.place(after.level) < policy.place(state.level)


@settings(max_examples=80, deadline=None)
@given(policies(), st.lists(st.tuples(DAYS, st.integers(1, 40)), min_size=1, max_size=8))
def test_one_more_purchase_never_costs_a_level_and_its_return_undoes_it(
    document: dict[str, Any], made: list[tuple[int, int]]
) -> None:
    policy, today = TierPolicy.parse(document), on(700)
    without = judge(policy, activity_of(made[1:]), today)
    with_it = judge(policy, activity_of(made), today, without)
    assert policy.place(with_it.level) >= policy.place(without.level)
    returned = judge(policy, activity_of(made[1:]), today, with_it)
    assert returned.level == without.level


@settings(max_examples=80, deadline=None)
@given(policies(), st.lists(st.tuples(DAYS, st.integers(1, 40)), max_size=8), DAYS, DAYS)
def test_a_grant_lifts_and_leaves_no_trace(
    document: dict[str, Any], made: list[tuple[int, int]], length: int, later: int
) -> None:
    policy, activity, today = TierPolicy.parse(document), activity_of(made), on(700)
    state, end = judge(policy, activity, today), today + timedelta(days=length)
    gift = Grant("merchant", policy.levels[-2].id, today, end)
    lifted = judge(policy, activity, today, granted(state, "merchant", gift))
    assert policy.place(lifted.level) == max(policy.place(state.level), len(policy.levels) - 2)
    day = end + timedelta(days=1 + later)
    gone, never = judge(policy, activity, day, lifted), judge(policy, activity, day, state)
    assert (gone.level, gone.until, gone.earned) == (never.level, never.until, never.earned)
