"""Paid clubs: terms of calendar months, renewal, grace, cancellation, and months that begin."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.club import Membership, add_months
from backend.core.errors import RuleInvalid
from backend.core.tiers import Activity, Grant, TierPolicy, granted, judge

CLUB = {
    "id": "prime",
    "name": {"en": "Prime", "fr": "Premier"},
    "fee_minor": 4900,
    "term_months": 12,
    "grace_days": 14,
    "benefits": [{"id": "free_delivery", "en": "Free delivery", "fr": "Livraison offerte"}],
}
GOLD = {"id": "gold", "name": {"en": "Gold", "fr": "Or"}, "threshold": 100}
NOTHING = Activity.of({}, (0, 0, 0))


def test_the_last_day_of_a_month_renews_on_the_last_of_a_shorter_one() -> None:
    monthly = Membership(date(2026, 1, 31), 1, 0)
    assert monthly.renews_on == date(2026, 2, 28)
    assert monthly.renewed(1, 0).renews_on == date(2026, 3, 31)
    assert Membership(date(2024, 2, 29), 12, 0).renews_on == date(2025, 2, 28)


def test_grace_awaits_the_renewal_and_not_one_who_left() -> None:
    staying = Membership(date(2026, 1, 15), 1, 10)
    assert staying.covers(date(2026, 2, 24))
    assert staying.in_grace(date(2026, 2, 15))
    assert not staying.in_grace(date(2026, 2, 14))
    assert not staying.covers(date(2026, 2, 25))
    leaving = Membership(date(2026, 1, 15), 1, 10, cancelled=True)
    assert leaving.covers(date(2026, 2, 14))
    assert not leaving.covers(date(2026, 2, 15))
    assert not leaving.renewed(1, 10).cancelled


def test_a_month_begins_on_the_day_of_the_first_payment() -> None:
    yearly = Membership(date(2026, 1, 31), 3, 5)
    begun = [yearly.months_begun(date(2026, 1, 30) + timedelta(days=n)) for n in range(100)]
    days = [date(2026, 1, 30) + timedelta(days=begun.index(month)) for month in (1, 2, 3)]
    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert begun[-1] == 3


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 60), st.integers(1, 60))
def test_renewing_is_the_same_as_paying_at_once(day: date, first: int, second: int) -> None:
    at_once = Membership(day, first + second, 0)
    assert Membership(day, first, 0).renewed(second, 0) == at_once
    assert add_months(day, first) <= at_once.renews_on
    assert at_once.months_begun(at_once.renews_on) == first + second
    assert at_once.months_begun(day) == 1


def test_a_club_gives_its_tier_to_the_day_and_needs_none_to_be_a_label() -> None:
    policy = TierPolicy.parse(
        {"window": {"kind": "lifetime"}, "levels": [GOLD], "clubs": [CLUB | {"level": "gold"}]}
    )
    today = date(2026, 11, 22)
    nobody = judge(policy, NOTHING, today)
    member = Grant("club:prime", "gold", today, date(2026, 11, 30))
    held = judge(policy, NOTHING, today, granted(nobody, "club:prime", member))
    assert (held.level, held.until) == ("gold", date(2026, 11, 30))
    assert judge(policy, NOTHING, date(2026, 12, 1), held).level is None
    plain = Grant("club:prime", None, today, date(2026, 11, 30))
    beside = judge(policy, NOTHING, today, granted(nobody, "club:prime", plain))
    assert (beside.level, beside.until, beside.grants) == (None, None, (plain,))


def test_a_program_can_have_a_club_and_no_tiers() -> None:
    policy = TierPolicy.parse({"clubs": [CLUB]})
    plan = policy.plan("prime")
    assert plan is not None
    assert (plan.fee_minor, plan.term_months, plan.grace_days, plan.level) == (4900, 12, 14, None)
    assert [benefit.id for benefit in plan.benefits] == ["free_delivery"]
    assert policy.plan("basic") is None


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"term_months": 0}, "/tiers/clubs/0/term_months"),
        ({"fee_minor": -1}, "/tiers/clubs/0/fee_minor"),
        ({"grace_days": 91}, "/tiers/clubs/0/grace_days"),
        ({"level": "gold"}, "/tiers/clubs/0/level"),
        ({"price": 1}, "/tiers/clubs/0/price"),
    ],
)
def test_a_wrong_plan_is_refused_where_it_is_wrong(wrong: dict[str, object], pointer: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        TierPolicy.parse({"clubs": [CLUB | wrong]})
    assert refusal.value.facts["pointer"] == pointer
