"""What fits a program's limits today, what waits, and until when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.limits import (
    PER_DAY_MAX,
    SUPPLY_CAP_MAX,
    Hold,
    Holds,
    LimitName,
    Limits,
    Standing,
    Terms,
    WaitReason,
    is_shut,
    never_fits,
    select,
    settles_on,
    waiting_for,
    warnings,
)

NO_LIMITS = Limits(SUPPLY_CAP_MAX, PER_DAY_MAX, PER_DAY_MAX)
MIDNIGHT = 1_893_456_000
"""2030-01-01T00:00:00Z."""


@dataclass(frozen=True)
class Entry:
    entry_no: int
    address: str
    points: int
    is_credit: bool


def mint(entry_no: int, points: int, member: str = "") -> Entry:
    return Entry(entry_no, member or f"member {entry_no}", points, is_credit=True)


def debit(entry_no: int, points: int, member: str = "") -> Entry:
    return replace(mint(entry_no, points, member), is_credit=False)


def standing(
    *,
    cap: int = SUPPLY_CAP_MAX,
    mints: int = PER_DAY_MAX,
    debits: int = PER_DAY_MAX,
    supply: int = 0,
    minted: int = 0,
    debited: int = 0,
    until_s: int = 0,
    paused: bool = False,
    offset: int = 0,
) -> Standing:
    """Noon of 2030-01-01 (UTC), with so much of the limits used up."""
    limits = Limits(cap, mints, debits)
    nothing = Terms("0x" + "00" * 32, "")
    return Standing(
        block_number=1,
        at_s=MIDNIGHT + 43_200,
        limits=limits,
        announced_limits=limits,
        limits_from_s=0,
        supply_points=supply,
        mint_left_points=max(0, mints - minted),
        debit_left_points=max(0, debits - debited),
        renews_at_s=MIDNIGHT + 86_400 - 60 * offset,
        utc_offset_minutes=offset,
        notice_seconds=0,
        mint_paused=paused,
        redemption_until_s=until_s,
        terms=nothing,
        announced_terms=nothing,
        terms_from_s=0,
    )


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (standing(mints=100, minted=85), WaitReason.MINT_BUDGET),
        (standing(cap=1_000, supply=985), WaitReason.SUPPLY_CAP),
    ],
)
def test_the_first_mint_that_does_not_fit_closes_the_queue(
    now: Standing, reason: WaitReason
) -> None:
    queued = [mint(1, 10), mint(2, 10), mint(3, 1), debit(4, 1), debit(5, 1, "member 2")]
    chosen, holds = select(queued, now)
    assert [one.entry_no for one in chosen] == [1, 4]
    assert holds == Holds(mints=Hold(reason, 2))
    assert [waiting_for(one, now, holds) for one in queued] == [None, reason, reason, None, None]
    assert is_shut(now, holds, credit=True)
    assert not is_shut(now, holds, credit=False)


def test_a_mint_that_never_comes_holds_up_nothing_else_of_its_member() -> None:
    queued = [mint(1, 5, "ada"), debit(2, 3, "ada"), debit(3, 1, "bob")]
    closing = standing(until_s=MIDNIGHT + 86_400)
    assert [one.entry_no for one in select(queued, closing)[0]] == [2, 3]
    paused = replace(standing(), mint_paused=True)
    assert [one.entry_no for one in select(queued, paused)[0]] == [3], "that one comes yet"


def test_debits_have_a_budget_of_their_own() -> None:
    now = standing(debits=50, debited=35)
    chosen, holds = select([debit(1, 10), debit(2, 10), debit(3, 5), mint(4, 900)], now)
    assert [one.entry_no for one in chosen] == [1, 4]
    assert holds == Holds(debits=Hold(WaitReason.DEBIT_BUDGET, 2))


def test_what_could_never_fit_lets_the_others_pass_but_not_its_member() -> None:
    now = standing(mints=100)
    chosen, holds = select([mint(1, 101, "a"), mint(2, 5, "a"), mint(3, 5, "b")], now)
    assert [one.entry_no for one in chosen] == [3]
    assert holds == Holds()
    assert waiting_for(mint(1, 101), now, holds) is WaitReason.MINT_BUDGET
    assert settles_on(WaitReason.MINT_BUDGET, [101], now) is None


@pytest.mark.parametrize(
    ("now", "of_mint", "of_debit"),
    [
        (standing(), None, None),
        (standing(paused=True), WaitReason.PAUSED, None),
        (standing(until_s=MIDNIGHT + 86_400), WaitReason.CLOSING, None),
        (standing(until_s=MIDNIGHT), WaitReason.CLOSING, WaitReason.CLOSING),
        (standing(cap=5), WaitReason.SUPPLY_CAP, None),
        (standing(debits=5), None, WaitReason.DEBIT_BUDGET),
    ],
)
def test_what_waits_for_more_than_a_day(
    now: Standing, of_mint: WaitReason | None, of_debit: WaitReason | None
) -> None:
    assert never_fits(mint(1, 10), now) is of_mint
    assert never_fits(debit(1, 10), now) is of_debit
    assert is_shut(now, Holds(), credit=True) == (now.mint_paused or now.redemption_until_s != 0)


def test_the_day_is_the_program_s() -> None:
    """Where it is an hour later than UTC, the day ends an hour earlier."""
    now = standing(mints=100, minted=100, offset=60)
    assert now.renewal_day == date(2030, 1, 2)
    assert settles_on(WaitReason.MINT_BUDGET, [60, 30], now) == date(2030, 1, 2)
    assert settles_on(WaitReason.MINT_BUDGET, [60, 50], now) == date(2030, 1, 3)
    assert settles_on(WaitReason.SUPPLY_CAP, [60], now) is None


def test_warnings_begin_at_80_percent_or_where_something_waits() -> None:
    assert warnings(standing(mints=100, minted=79)) == []
    (near,) = warnings(standing(mints=100, minted=80))
    assert (near.limit, near.used_percent) == (LimitName.MINT_PER_DAY, 80)
    held = Holds(debits=Hold(WaitReason.DEBIT_BUDGET, 1))
    (waits,) = warnings(standing(debits=100, debited=10), held)
    assert (waits.limit, waits.used_percent) == (LimitName.DEBIT_PER_DAY, 10)
    (full,) = warnings(standing(cap=3, supply=3))
    assert (full.limit, full.used_percent) == (LimitName.SUPPLY_CAP, 100)


ENTRIES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 40), st.booleans()), max_size=30
).map(
    lambda rows: [
        Entry(number, f"member {who}", points, is_credit=credit)
        for number, (who, points, credit) in enumerate(rows, 1)
    ]
)
STANDINGS = st.builds(
    standing,
    cap=st.integers(0, 300),
    supply=st.integers(0, 300),
    mints=st.integers(0, 100),
    minted=st.integers(0, 100),
    debits=st.integers(0, 100),
    debited=st.integers(0, 100),
    paused=st.booleans(),
    until_s=st.sampled_from([0, MIDNIGHT, MIDNIGHT + 86_400]),
)


@given(ENTRIES, STANDINGS)
def test_what_is_chosen_fits_and_overtakes_nobody(queued: list[Entry], now: Standing) -> None:
    chosen, holds = select(queued, now)
    minted = sum(one.points for one in chosen if one.is_credit)
    debited = sum(one.points for one in chosen if not one.is_credit)
    assert minted <= min(now.mint_left_points, now.cap_left_points)
    assert debited <= now.debit_left_points
    left = [one for one in queued if one not in chosen]
    for one in left:
        # It waits for a reason of its own, or behind an earlier operation of its member.
        before = [each for each in left if each.entry_no < one.entry_no]
        assert waiting_for(one, now, holds) or any(e.address == one.address for e in before)
    for one in chosen:
        assert waiting_for(one, now, holds) is None
        # Only what will come can be overtaken: a closing program's mints never do.
        comes = [e for e in left if not (e.is_credit and now.redemption_until_s)]
        assert all(e.address != one.address or e.entry_no > one.entry_no for e in comes)
    assert select(chosen, now) == (chosen, Holds())


@given(st.integers(1, 60), st.integers(0, 60), st.lists(st.integers(1, 60), min_size=1))
def test_the_day_told_is_the_day_it_settles(per_day: int, minted: int, points: list[int]) -> None:
    """Played through day by day, each day settling what fits into its budget."""
    now = standing(mints=per_day, minted=minted)
    told = settles_on(WaitReason.MINT_BUDGET, points, now)
    if points[-1] > per_day:
        assert told is None
        return
    queued, left, day = [p for p in points if p <= per_day], now.mint_left_points, -1
    while queued:
        fits = sum(total <= left for total in accumulate(queued))
        queued, left, day = queued[fits:], per_day, day + 1
    assert told == now.renewal_day + timedelta(days=day - 1)
