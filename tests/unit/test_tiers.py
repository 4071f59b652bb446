"""Tiers: reaching, keeping and losing a level, told by examples."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backend.core.errors import RuleInvalid
from backend.core.tier_documents import from_document, to_document
from backend.core.tier_gain import stays
from backend.core.tier_progress import Keeping, NextLevel, progress
from backend.core.tiers import (
    Activity,
    ChangeReason,
    Grant,
    TierChange,
    TierPolicy,
    TierState,
    granted,
    judge,
    judged,
)

NOVEMBER = date(2026, 11, 22)


def level(level_id: str, threshold: int, **more: Any) -> dict[str, Any]:
    return {"id": level_id, "name": {"en": level_id, "fr": level_id}, "threshold": threshold} | more


LEVELS = [level("bronze", 0), level("silver", 100), level("gold", 500), level("platinum", 1000)]
ROLLING = {"kind": "rolling", "months": 12}


def policy(**changed: Any) -> TierPolicy:
    section: dict[str, Any] = {"measure": "points", "window": ROLLING, "levels": LEVELS}
    return TierPolicy.parse(section | changed)


def points(months: dict[str, int]) -> Activity:
    whole = sum(months.values())
    return Activity.of(
        {month: (total, 10 * total, 1) for month, total in months.items()}, (whole, 10 * whole, 9)
    )


def test_a_level_is_reached_at_once_and_the_entry_level_is_everybodys() -> None:
    before = judge(policy(), points({}), date(2026, 11, 1))
    assert before.level == "bronze"
    after = judged(policy(), points({"2026-11": 500}), NOVEMBER, before)
    assert (after.state.level, after.state.since) == ("gold", NOVEMBER)
    assert after.changes == (TierChange("bronze", "gold", NOVEMBER, ChangeReason.EARNED),)


def test_without_an_entry_level_a_member_has_none() -> None:
    exclusive = policy(levels=LEVELS[1:])
    state = judge(exclusive, points({"2026-11": 99}), NOVEMBER)
    assert (state.level, state.until) == (None, None)
    assert judge(exclusive, points({"2026-11": 100}), NOVEMBER, state).level == "silver"


@pytest.mark.parametrize(("measure", "reached"), [("spend", "platinum"), ("visits", "bronze")])
def test_spend_and_visits_count_where_the_policy_says_so(measure: str, reached: str) -> None:
    assert judge(policy(measure=measure), points({"2026-11": 150}), NOVEMBER).level == reached


def test_what_was_earned_counts_for_twelve_whole_months() -> None:
    activity = points({"2026-11": 500})
    state = judge(policy(), activity, NOVEMBER)
    assert state.until == date(2027, 11, 30)
    assert judge(policy(), activity, date(2027, 11, 30), state).level == "gold"
    lost = judged(policy(), activity, date(2027, 12, 1), state)
    assert lost.changes == (TierChange("gold", "bronze", date(2027, 12, 1), ChangeReason.LAPSED),)


def test_a_calendar_year_is_kept_through_the_next() -> None:
    year = policy(window={"kind": "calendar_year", "kept_years": 1})
    activity = points({"2026-03": 500, "2027-05": 120})
    state = judge(year, points({"2026-03": 500}), date(2026, 3, 9))
    assert state.until == date(2027, 12, 31)
    state = judge(year, activity, date(2027, 12, 31), state)
    assert state.level == "gold"
    state = judge(year, activity, date(2028, 1, 1), state)
    assert (state.level, state.until) == ("silver", date(2028, 12, 31))


def test_a_calendar_year_that_is_not_kept_ends_with_it() -> None:
    year = policy(window={"kind": "calendar_year", "kept_years": 0})
    state = judge(year, points({"2026-03": 500}), date(2026, 3, 9))
    assert state.until == date(2026, 12, 31)
    assert progress(year, points({"2026-03": 500}), state).keeping is None


def test_a_lifetime_level_is_for_ever_but_not_after_a_return() -> None:
    ever = policy(window={"kind": "lifetime"})
    state = judge(ever, points({"2019-01": 500}), date(2019, 1, 2))
    assert (state.level, state.until) == ("gold", None)
    state = judge(ever, points({"2019-01": 500}), NOVEMBER, state)
    assert state.level == "gold"
    returned = judged(ever, points({"2019-01": 90}), NOVEMBER, state)
    assert returned.changes == (TierChange("gold", "bronze", NOVEMBER, ChangeReason.CORRECTED),)


def test_grace_keeps_a_level_that_lapsed_and_recovering_ends_it() -> None:
    kind = policy(downgrade={"mode": "full", "grace_months": 2})
    activity = points({"2025-01": 500})
    state = judge(kind, activity, date(2025, 1, 31))
    assert state.until == date(2026, 3, 31)
    state = judge(kind, activity, date(2026, 2, 1), state)
    assert (state.level, state.in_grace, state.until) == ("gold", True, date(2026, 3, 31))
    recovered = judge(kind, points({"2025-01": 500, "2026-02": 500}), date(2026, 2, 2), state)
    assert (recovered.in_grace, recovered.until) == (False, date(2027, 4, 30))
    assert judge(kind, activity, date(2026, 4, 1), state).level == "bronze"


def test_one_step_at_a_time_stays_on_each_step() -> None:
    gentle = policy(downgrade={"mode": "one_step", "step_months": 6})
    activity = points({"2025-01": 1000})
    state = judge(gentle, activity, date(2025, 1, 2))
    fallen = judged(gentle, activity, date(2027, 12, 1), state)
    assert [(change.after, change.on) for change in fallen.changes] == [
        ("gold", date(2026, 2, 1)),
        ("silver", date(2026, 8, 1)),
        ("bronze", date(2027, 2, 1)),
    ]


def test_no_downgrade_keeps_a_level_for_ever() -> None:
    never = policy(downgrade={"mode": "none"})
    state = judge(never, points({"2015-01": 500}), date(2015, 1, 2))
    assert state.until is None
    assert judge(never, points({}), NOVEMBER, state).level == "bronze"  # It was all returned.
    assert judge(never, points({"2015-01": 500}), NOVEMBER, state).level == "gold"


def test_a_late_purchase_gives_back_the_level_that_lapsed_meanwhile() -> None:
    state = judge(policy(), points({"2025-10": 100}), date(2025, 10, 1))
    state = judge(policy(), points({"2025-10": 100}), date(2026, 11, 2), state)
    assert state.level == "bronze"
    late = judged(policy(), points({"2025-10": 100, "2026-10": 100}), date(2026, 11, 2), state)
    assert (late.state.level, late.state.until) == ("silver", date(2027, 10, 31))
    assert late.changes[0].reason is ChangeReason.EARNED


def test_a_return_takes_the_level_that_the_purchase_gave() -> None:
    state = judge(policy(), points({"2026-09": 90, "2026-10": 450}), date(2026, 10, 5))
    assert state.level == "gold"
    state = judge(policy(), points({"2026-09": 90, "2026-10": 450}), NOVEMBER, state)
    back = judged(policy(), points({"2026-09": 90, "2026-10": 0}), NOVEMBER, state)
    assert back.changes == (TierChange("gold", "bronze", NOVEMBER, ChangeReason.CORRECTED),)


def test_new_rules_take_no_level_before_it_lapses_under_them() -> None:
    activity = points({"2026-10": 500})
    state = judge(policy(), activity, date(2026, 10, 5))
    harder = policy(levels=[*LEVELS[:2], level("gold", 800), level("platinum", 1600)])
    moved = judged(harder, activity, NOVEMBER, state)
    assert (moved.state.level, moved.changes) == ("gold", ())
    assert moved.state.until == date(2026, 11, 30)
    assert judge(harder, activity, date(2026, 12, 1), moved.state).level == "silver"


def test_a_level_that_is_no_more_becomes_the_highest_one_reached() -> None:
    activity = points({"2026-10": 500})
    state = judge(policy(), activity, date(2026, 10, 5))
    fewer = judged(policy(levels=LEVELS[:2]), activity, NOVEMBER, state)
    assert fewer.changes == (TierChange("gold", "silver", NOVEMBER, ChangeReason.RULES_CHANGED),)


def test_a_granted_level_holds_to_its_last_day_and_not_beyond() -> None:
    activity = points({"2026-11": 100})
    state = judge(policy(), activity, NOVEMBER)
    gift = Grant("merchant", "platinum", NOVEMBER, date(2026, 12, 24))
    given = judged(policy(), activity, NOVEMBER, granted(state, "merchant", gift))
    assert given.changes == (TierChange("silver", "platinum", NOVEMBER, ChangeReason.GRANTED),)
    assert given.state.until == date(2026, 12, 24)
    assert judge(policy(), activity, date(2026, 12, 24), given.state).level == "platinum"
    over = judged(policy(), activity, date(2027, 1, 5), given.state)
    assert over.changes == (
        TierChange("platinum", "silver", date(2026, 12, 25), ChangeReason.GRANT_ENDED),
    )
    assert over.state.grants == ()


def test_a_grant_that_is_taken_away_ends_today() -> None:
    activity = points({"2026-11": 100})
    gift = Grant("merchant", "platinum", NOVEMBER, None)
    state = granted(judge(policy(), activity, NOVEMBER), "merchant", gift)
    state = judge(policy(), activity, NOVEMBER, state)
    assert state.until is None
    gone = judged(policy(), activity, NOVEMBER, granted(state, "merchant", None))
    assert gone.changes == (TierChange("platinum", "silver", NOVEMBER, ChangeReason.GRANT_ENDED),)


@pytest.mark.parametrize(
    ("window", "counted"),
    [
        (ROLLING, {"2025-11": 100, "2026-11": 300}),
        ({"kind": "calendar_year", "kept_years": 1}, {"2025-12": 450, "2026-11": 400}),
        ({"kind": "lifetime"}, {"2001-01": 100, "2026-11": 300}),
    ],
)
def test_the_usual_purchase_needs_no_judging(
    window: dict[str, Any], counted: dict[str, int]
) -> None:
    def silver_stays(more: int) -> bool:
        months = {name: (points, 0, 0) for name, points in counted.items()}
        months["2026-11"] = (counted["2026-11"] + more, 0, 0)
        lifetime = (sum(points for points, _, _ in months.values()), 0, 0)
        rules = policy(window=window)
        return stays(rules, months, lifetime, "silver", day=NOVEMBER, today=NOVEMBER)

    assert silver_stays(99)
    assert not silver_stays(100)
    assert stays(policy(), {}, (0, 0, 0), "platinum", day=NOVEMBER, today=NOVEMBER)


def test_progress_says_what_is_missing_and_until_when() -> None:
    activity = points({"2026-03": 80, "2026-11": 40})
    state = judge(policy(), activity, NOVEMBER)
    told = progress(policy(), activity, state)
    assert told.total == 120
    assert told.next == NextLevel("gold", 500, 380, date(2026, 11, 30))
    # In April 2027 the 80 of March 2026 count no more, and 40 are left of the 100 of silver.
    assert state.until == date(2027, 3, 31)
    assert told.keeping == Keeping(60, NOVEMBER, date(2027, 3, 31))


def test_progress_of_a_calendar_year_counts_this_year_only() -> None:
    year = policy(window={"kind": "calendar_year", "kept_years": 1})
    activity = points({"2025-06": 500, "2026-11": 40})
    state = judge(year, activity, NOVEMBER)
    told = progress(year, activity, state)
    assert (state.level, told.total) == ("gold", 40)
    assert told.next == NextLevel("platinum", 1000, 960, date(2026, 12, 31))
    assert told.keeping == Keeping(460, NOVEMBER, date(2026, 12, 31))


def test_the_highest_level_has_nothing_above_it() -> None:
    activity = points({"2026-11": 1000})
    assert progress(policy(), activity, judge(policy(), activity, NOVEMBER)).next is None


def test_a_state_is_read_back_as_it_was_written() -> None:
    state = judge(policy(downgrade={"mode": "one_step"}), points({"2025-01": 1000}), NOVEMBER)
    state = granted(state, "club:prime", Grant("club:prime", "gold", NOVEMBER, None))
    assert from_document(to_document(state)) == state


NO_FRACTION = {"num": 1, "den": 0}
HALF_SAID = [{"id": "x", "en": "X"}]


def parsed(**changed: Any) -> TierState:
    return judge(policy(**changed), points({}), NOVEMBER)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"measure": "balance"}, "/tiers/measure"),
        ({"window": {"kind": "rolling", "months": 25}}, "/tiers/window/months"),
        ({"window": {"kind": "rolling", "months": True}}, "/tiers/window/months"),
        ({"window": {"kind": "lifetime", "months": 3}}, "/tiers/window/months"),
        ({"window": {"kind": "week"}}, "/tiers/window/kind"),
        ({"window": []}, "/tiers/window"),
        ({"downgrade": {"mode": "half"}}, "/tiers/downgrade/mode"),
        ({"downgrade": {"mode": "full", "grace_months": 13}}, "/tiers/downgrade/grace_months"),
        ({"levels": [level("a", 0), level("a", 9)]}, "/tiers/levels"),
        ({"levels": [level("a", 5), level("b", 5)]}, "/tiers/levels"),
        ({"levels": [level("A B", 5)]}, "/tiers/levels/0/id"),
        ({"levels": [level("a", -1)]}, "/tiers/levels/0/threshold"),
        ({"levels": [level("a", 0, badge="iron")]}, "/tiers/levels/0/badge"),
        ({"levels": [level("a", 0, multiplier=NO_FRACTION)]}, "/tiers/levels/0/multiplier/den"),
        ({"levels": [level("a", 0, colour="red")]}, "/tiers/levels/0/colour"),
        ({"levels": [level("a", 0, name={"en": "A"})]}, "/tiers/levels/0/name/fr"),
        ({"levels": []}, "/tiers/levels"),
        ({"levels": [level("a", 0, benefits=HALF_SAID)]}, "/tiers/levels/0/benefits/0/fr"),
        ({"surprise": 1}, "/tiers/surprise"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_refused_where_it_is_wrong(changed: dict[str, Any], pointer: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        parsed(**changed)
    assert refusal.value.facts["pointer"] == pointer
