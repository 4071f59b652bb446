"""Two accounts of one person become one standing: nothing is counted twice, nothing is lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backend.core.engine.memory import merged
from backend.core.engine.standing import EMPTY, Standing
from tests.engine_kit import SUNDAY, buy, euros, member, rules_of

KEPT = Standing(
    purchase_count=3, visit_days=2, spend_minor=900, earned_points=9,
    first_day=date(2026, 3, 1), last_day=date(2026, 6, 1),
    months={"2026-03": (4, 400, 1), "2026-06": (5, 500, 1)},
    remainders={"base": (1, 2)}, stamps={"card": 7}, used={"*|member|ever": 9},
    streaks={"weekly": (105, 3)}, given={"yearly": "2025", "marks": "9"},
    labels=frozenset({"vip"}),
)  # fmt: skip
OTHER = Standing(
    purchase_count=1, visit_days=1, spend_minor=100, earned_points=1,
    first_day=date(2026, 1, 1), last_day=date(2026, 3, 9), months={"2026-03": (1, 100, 1)},
    remainders={"base": (2, 3)}, stamps={"card": 5}, used={"*|member|ever": 1},
    streaks={"weekly": (104, 9)}, given={"welcome": "ever", "marks": "10", "yearly": "2024"},
    labels=frozenset({"staff"}),
)  # fmt: skip


def test_everything_is_added_up_and_the_later_of_two_stays() -> None:
    assert merged(KEPT, OTHER) == Standing(
        purchase_count=4, visit_days=3, spend_minor=1000, earned_points=10,
        first_day=date(2026, 1, 1), last_day=date(2026, 6, 1),
        months={"2026-03": (5, 500, 2), "2026-06": (5, 500, 1)},
        remainders={"base": (7, 6)}, stamps={"card": 12}, used={"*|member|ever": 10},
        streaks={"weekly": (105, 3)},
        given={"yearly": "2025", "marks": "10", "welcome": "ever"},
        labels=frozenset({"vip", "staff"}),
    )  # fmt: skip
    assert merged(OTHER, KEPT) == merged(KEPT, OTHER)


@pytest.mark.parametrize("standing", [EMPTY, OTHER])
def test_a_member_without_a_past_changes_nothing(standing: Standing) -> None:
    assert merged(standing, EMPTY) == standing


def test_what_was_owed_and_stamped_to_both_is_given_with_the_next_purchase() -> None:
    card: dict[str, Any] = {"kind": "stamps", "card": 10, "points": 20}
    welcome: dict[str, Any] = {"id": "welcome", "earn": {"kind": "fixed", "points": 50}}
    rules = rules_of(
        {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 600}},
        {"id": "card", "earn": card},
        welcome | {"once": "ever"},
        rounding="carry",
    )
    # 7/6 of a point were owed, 5/6 are earned: two whole points; twelve stamps and one are a card.
    done = buy(rules, euros(5), member(merged(KEPT, OTHER), day=SUNDAY))
    assert [(credit.rule, credit.points) for credit in done.credits] == [("base", 2), ("card", 20)]
    assert (done.standing.remainders, done.standing.stamps) == ({}, {"card": 3})
