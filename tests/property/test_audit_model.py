"""The auditor's model of a member and of the calendar, which shares no code with the core's,
agrees with it for whatever happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor import calendar
from auditor.word import Member
from backend.core import calendar as core_calendar
from backend.core.expiry import MemberWord

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mint", "burn"]),
        st.integers(0, 3),
        st.integers(1, 1_000_000),
        st.integers(0, 4),
    ),
    max_size=30,
)


@given(
    timestamp_s=st.integers(86_400, 2**33),
    months=st.sampled_from([0, 1, 3, 6, 12]),
    offset=st.integers(-720, 840),
)
def test_periods_and_days_agree(timestamp_s: int, months: int, offset: int) -> None:
    ours = calendar.Calendar(months, offset)
    theirs = core_calendar.Calendar(months, 2 if months else 0, offset)
    assert ours.period(timestamp_s) == theirs.period_at(timestamp_s)
    assert ours.day(timestamp_s) == theirs.day_at(timestamp_s)


@given(steps=STEPS, validity=st.integers(1, 4))
def test_words_agree(steps: list[tuple[str, int, int, int]], validity: int) -> None:
    theirs = core_calendar.Calendar(3, validity, 0)
    member, word, period = Member(), MemberWord(), 8_000
    for kind, later, points, age in steps:
        period += later
        lapsed = member.touch(period, validity)
        assert lapsed == word.lapsed(theirs, period)
        word = word.aged(theirs, period)
        if kind == "mint":
            member.mint(points, min(age, validity))
            word = word.minted(points, min(age, validity))
        else:
            taken = min(points, member.points)
            member.burn(taken)
            word = word.consumed(taken)
        assert member.word == word.encode()
        assert member.buckets(period, validity) == list(word.buckets)
