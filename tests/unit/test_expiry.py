"""Periods and member words: dates that can be said aloud, and points that only time expires."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.calendar import Calendar, safe_utc_offset, timestamp_of
from backend.core.expiry import NONCE_MAX, MemberWord, decode, restore_age
from backend.core.operations import POINTS_MAX

PARIS = ZoneInfo("Europe/Paris")
QUARTERS = Calendar(period_months=3, validity_periods=4, utc_offset_minutes=60)
ENDLESS = Calendar(period_months=0, validity_periods=0)

calendars = st.builds(
    Calendar,
    period_months=st.sampled_from([1, 3, 6, 12]),
    validity_periods=st.integers(1, 4),
    utc_offset_minutes=st.integers(-720, 840),
)
moments = st.integers(86_400, 4_102_444_800)
lots = st.lists(st.integers(0, POINTS_MAX // 5), min_size=5, max_size=5).map(tuple)


def at(year: int, month: int, day: int, hour: int = 12, zone: timezone | ZoneInfo = UTC) -> int:
    return timestamp_of(datetime(year, month, day, hour, tzinfo=zone))


@pytest.mark.parametrize(
    ("months", "period", "first", "last"),
    [
        (1, 2026 * 12 + 10, date(2026, 11, 1), date(2026, 12, 31)),
        (3, 2026 * 4 + 3, date(2026, 10, 1), date(2027, 3, 31)),
        (6, 2026 * 2 + 1, date(2026, 7, 1), date(2027, 6, 30)),
        (12, 2026, date(2026, 1, 1), date(2027, 12, 31)),
    ],
)
def test_periods_are_calendar_months(months: int, period: int, first: date, last: date) -> None:
    calendar = Calendar(period_months=months, validity_periods=1)
    assert calendar.period_at(at(2026, 11, 22)) == period
    assert calendar.first_day(period) == first
    assert calendar.last_day(period) == last


def test_a_leap_february_belongs_to_its_month() -> None:
    calendar = Calendar(period_months=1, validity_periods=1)
    assert calendar.period_at(at(2028, 2, 29, 23)) + 1 == calendar.period_at(at(2028, 3, 1, 0))
    assert calendar.last_day(calendar.period_at(at(2028, 1, 5))) == date(2028, 2, 29)


def test_the_offset_is_the_smallest_of_the_zone() -> None:
    assert safe_utc_offset(PARIS, range(2026, 2060)) == 60
    assert safe_utc_offset(ZoneInfo("America/New_York"), [2026]) == -300
    assert safe_utc_offset(ZoneInfo("Asia/Kathmandu"), [2026]) == 345
    assert safe_utc_offset(timezone(-timedelta(seconds=90)), [2026]) == -2
    with pytest.raises(ValueError, match="at least one year"):
        safe_utc_offset(PARIS, [])


@pytest.mark.parametrize("name", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe"])
def test_no_boundary_comes_before_local_midnight(name: str) -> None:
    zone = ZoneInfo(name)
    calendar = Calendar(1, 4, safe_utc_offset(zone, range(2026, 2040)))
    for period in range(2026 * 12, 2040 * 12):
        first = calendar.first_day(period)
        midnight = timestamp_of(datetime(first.year, first.month, 1, tzinfo=zone))
        assert 0 <= calendar.starts_at(period) - midnight <= 3600


def test_paris_in_summer_is_an_hour_generous() -> None:
    period = QUARTERS.period_at(at(2026, 6, 30, 23, PARIS))
    assert QUARTERS.period_at(at(2026, 7, 1, 0, PARIS)) == period
    assert QUARTERS.period_at(at(2026, 7, 1, 1, PARIS)) == period + 1


@pytest.mark.parametrize(
    ("months", "validity", "offset"),
    [(2, 1, 0), (24, 1, 0), (1, 0, 0), (1, 5, 0), (0, 1, 0), (1, 1, -721), (1, 1, 841)],
)
def test_calendars_that_cannot_be(months: int, validity: int, offset: int) -> None:
    with pytest.raises(ValueError, match=r"period|validity|zone"):
        Calendar(months, validity, offset)


def test_points_of_an_endless_program_stay() -> None:
    word = MemberWord(period=1).minted(7)
    assert ENDLESS.period_at(at(2026, 1, 1)) == ENDLESS.period_at(at(2099, 1, 1)) == 1
    assert word.aged(ENDLESS, 1).balance == 7
    assert ENDLESS.expires_at(1) is None
    assert ENDLESS.last_day(1) is None
    assert word.expiring_until(ENDLESS, at(2026, 1, 1), at(2099, 1, 1)) == 0
    assert restore_age(ENDLESS, 1, 1) == 0


@given(calendars, moments)
def test_a_moment_lies_in_its_period(calendar: Calendar, moment: int) -> None:
    period = calendar.period_at(moment)
    assert calendar.starts_at(period) <= moment < calendar.starts_at(period + 1)
    assert calendar.period_at(calendar.starts_at(period)) == period
    assert calendar.period_at(calendar.starts_at(period) - 1) == period - 1


@given(calendars, moments)
def test_points_live_to_the_end_of_the_day_that_was_said(calendar: Calendar, moment: int) -> None:
    period = calendar.period_at(moment)
    word = MemberWord(period).minted(10)
    end = calendar.expires_at(period)
    assert end is not None
    assert word.aged(calendar, calendar.period_at(end - 1)).balance == 10
    assert word.aged(calendar, calendar.period_at(end)).balance == 0
    spoken = calendar.last_day(period)
    assert spoken is not None
    assert (spoken + timedelta(days=1)).day == 1
    assert calendar.day_at(end - 1) == (spoken - date(1970, 1, 1)).days


@given(calendars, lots, st.integers(0, 7), st.integers(0, 7))
def test_ageing_in_two_steps_is_ageing_in_one(
    calendar: Calendar, buckets: tuple[int, ...], first: int, second: int
) -> None:
    word = MemberWord(2026, buckets=buckets)
    in_steps = word.aged(calendar, 2026 + first).aged(calendar, 2026 + first + second)
    assert in_steps == word.aged(calendar, 2026 + first + second)
    assert in_steps.balance <= word.balance


@given(calendars, lots, st.integers(0, 4))
def test_only_points_that_are_too_old_lapse(
    calendar: Calendar, buckets: tuple[int, ...], gone_by: int
) -> None:
    word = MemberWord(2026, buckets=buckets)
    too_old = sum(
        points for age, points in enumerate(buckets) if calendar.lapsed(2026 - age, 2026 + gone_by)
    )
    assert word.lapsed(calendar, 2026 + gone_by) == too_old


@given(lots, st.data())
def test_the_oldest_points_go_first(buckets: tuple[int, ...], data: st.DataObject) -> None:
    word = MemberWord(2026, buckets=buckets)
    points = data.draw(st.integers(0, word.balance))
    after = word.consumed(points)
    assert after.balance == word.balance - points
    touched = [age for age in range(5) if after.buckets[age] != buckets[age]]
    assert all(after.buckets[age] == 0 for age in range(min(touched, default=5) + 1, 5))
    restored = after
    for period, lot in word.spent_lots(points):
        restored = restored.minted(lot, 2026 - period)
    assert restored == word, "a cancelled redemption gives every point its own age back"


@given(st.integers(0, 2**16 - 1), st.integers(0, NONCE_MAX), st.booleans(), lots)
def test_words_round_trip(
    period: int, nonce: int, signed_only: bool, buckets: tuple[int, ...]
) -> None:
    word = MemberWord(period, nonce, signed_only, buckets)
    assert decode(word.encode()) == word
    assert word.encode() % 2**200 % (2**40 - 1) == word.balance


def test_the_layout_is_the_contract_s() -> None:
    word = MemberWord(2026, nonce=3, signed_only=True, buckets=(5, 4, 3, 2, 1))
    expected = 2026 << 240 | 3 << 201 | 1 << 200 | 1 << 160 | 2 << 120 | 3 << 80 | 4 << 40 | 5
    assert word.encode() == expected


def test_what_a_word_refuses() -> None:
    word = MemberWord(2026).minted(5)
    for impossible in (
        lambda: word.consumed(6),
        lambda: word.consumed(-1),
        lambda: word.minted(POINTS_MAX),
        lambda: word.aged(QUARTERS, 2025),
        lambda: MemberWord(buckets=(1, 2)),
        lambda: MemberWord(period=2**16),
        lambda: decode(2**256),
        lambda: restore_age(QUARTERS, 5, 4),
    ):
        with pytest.raises(ValueError, match=r"."):
            impossible()


def test_expiring_and_lots_are_told_in_periods() -> None:
    now = at(2026, 11, 22)
    period = QUARTERS.period_at(now)
    word = MemberWord(period, buckets=(1, 10, 100, 1_000, 10_000))
    boundary = QUARTERS.starts_at(period + 1)
    assert word.expiring_until(QUARTERS, now, boundary - 1) == 0
    assert word.expiring_until(QUARTERS, now, boundary) == 10_000
    assert word.expiring_until(QUARTERS, now, QUARTERS.starts_at(period + 9)) == 11_111
    assert word.expiring_until(QUARTERS, now, now - 1) == 0
    assert word.lots(QUARTERS, now)[0] == (period - 4, 10_000)
    assert word.lots(QUARTERS, boundary)[0] == (period - 3, 1_000)
    assert QUARTERS.last_day(period - 4) == date(2026, 12, 31)


def test_restored_points_keep_their_age_or_stay_lapsed() -> None:
    assert restore_age(QUARTERS, 100, 104) == 4
    assert restore_age(QUARTERS, 100, 105) is None


def test_rebinding_keeps_every_lot() -> None:
    word = MemberWord(2026, nonce=9, signed_only=True, buckets=(1, 2, 3, 4, 5))
    old, new = word.rebound()
    assert (old.balance, old.nonce, old.period) == (0, 9, 2026)
    assert new == MemberWord(2026, 0, True, (1, 2, 3, 4, 5))
