"""A purchase that is returned leaves the standing as if it had not been made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from backend.core.engine.contribution import Contribution, Undone, undo
from backend.core.engine.standing import Standing

MONTH = "2026-11"
COUNTS = st.integers(0, 30)
RULES = st.sampled_from(["base", "card", "happy"])
CAPS = st.sampled_from(["*|day|2026-11-22", "base|member|all"])


@st.composite
def purchases(draw: st.DrawFn) -> tuple[Standing, Standing]:
    """A standing, and the one after a purchase."""
    points, basis_minor = draw(COUNTS), draw(st.integers(0, 900))
    stamps = draw(st.dictionaries(RULES, st.integers(1, 9)))
    used = draw(st.dictionaries(CAPS, COUNTS))
    given_for = draw(st.dictionaries(RULES, st.sampled_from(["1", "2"])))
    streaks = draw(st.dictionaries(RULES, st.tuples(COUNTS, st.integers(1, 5))))
    owed = draw(st.dictionaries(RULES, st.sampled_from([(1, 2), (3, 5)])))
    before = Standing(
        purchase_count=draw(COUNTS),
        spend_minor=draw(COUNTS),
        earned_points=draw(COUNTS),
        months={MONTH: (draw(COUNTS), draw(COUNTS), 1)},
        stamps=stamps,
        used=used,
        given=given_for,
        streaks=streaks,
        remainders=owed,
    )
    month = before.months[MONTH]
    after = replace(
        before,
        purchase_count=before.purchase_count + 1,
        spend_minor=before.spend_minor + basis_minor,
        earned_points=before.earned_points + points,
        months={MONTH: (month[0] + points, month[1] + basis_minor, 1)},
        # A full card begins anew: its stamps are gone.
        stamps=stamps | draw(st.dictionaries(RULES, st.integers(1, 9))),
        used={key: used.get(key, 0) + points for key in {*used, "*|day|2026-11-22"}},
        given=given_for | draw(st.dictionaries(RULES, st.sampled_from(["3", "4"]))),
        streaks=streaks | draw(st.dictionaries(RULES, st.tuples(st.just(31), COUNTS))),
        remainders=owed | draw(st.dictionaries(RULES, st.sampled_from([(1, 3), (9, 10)]))),
    )
    return before, after


def stored(made: Contribution) -> Contribution:
    """As it comes back from where it is kept."""
    return Contribution.from_document(json.loads(json.dumps(made.to_document())))


def owed(remainders: Mapping[str, tuple[int, int]]) -> dict[str, Fraction]:
    return {rule: Fraction(*pair) for rule, pair in remainders.items()}


def positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: count for key, count in counts.items() if count}


@given(purchases(), st.lists(st.integers(1, 60), max_size=5))
def test_a_purchase_that_is_all_back_leaves_no_trace(
    bought: tuple[Standing, Standing], pieces: list[int]
) -> None:
    before, standing = bought
    made = stored(Contribution.between(before, standing, MONTH))
    of_points, of_minor = made.points, max(made.basis_minor, 1)
    back, value = Undone(0, of_points, 0, of_minor, complete=False), 0
    for piece in [*pieces, None]:
        value = of_minor if piece is None else min(of_minor - 1, value + piece)
        points = of_points * value // of_minor
        now = Undone(points, of_points, value, of_minor, complete=piece is None)
        standing, back = undo(standing, made, back, now), now
        assert min(standing.spend_minor, standing.earned_points) >= 0
    assert positive(standing.used) == positive(before.used)
    assert owed(standing.remainders) == owed(before.remainders)
    for name in (
        "purchase_count", "spend_minor", "earned_points", "months", "stamps", "given", "streaks",
    ):  # fmt: skip
        assert getattr(standing, name) == getattr(before, name), name


def test_what_went_on_since_is_not_undone() -> None:
    before = Standing(streaks={"week": (10, 2)}, given={"tenth": "1"}, stamps={"card": 9})
    after = replace(before, streaks={"week": (11, 3)}, given={"tenth": "2"}, stamps={})
    made = stored(Contribution.between(before, after, MONTH))
    since = replace(after, streaks={"week": (12, 4)}, given={"tenth": "3"}, stamps={"card": 4})
    whole = Undone(0, 0, 1, 1, complete=True)
    left = undo(since, made, Undone(0, 0, 0, 1, complete=False), whole)
    assert (left.streaks, left.given) == (since.streaks, since.given)
    assert left.stamps == {"card": 13}, "the card that was given for it is full again"


def test_a_remainder_that_was_used_is_made_up_by_what_comes_next() -> None:
    """30 then 20 made one point of 50; without the 30 there is nothing it was made of."""
    first = Standing(remainders={"base": (3, 5)}, last_day=date(2026, 11, 22))
    made = stored(Contribution.between(Standing(), first, MONTH))
    second = replace(first, remainders={}, earned_points=1)
    whole = Undone(0, 0, 1, 1, complete=True)
    left = undo(second, made, Undone(0, 0, 0, 1, complete=False), whole)
    assert left.remainders == {"base": (-3, 5)}
