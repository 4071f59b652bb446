"""Events: those that are reported, and those of the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from backend.core.engine.due import due_events
from backend.core.engine.evaluate import evaluate_event
from backend.core.engine.standing import Standing
from tests.engine_kit import BASE, SUNDAY, member, rules_of


def on(event: str | dict[str, Any], points: int = 5, **more: Any) -> dict[str, Any]:
    name = event if isinstance(event, str) else event["event"]
    return {"id": name, "on": event, "earn": {"kind": "fixed", "points": points}, **more}


def test_reviews_sign_ups_and_profiles() -> None:
    rules = rules_of(
        on("review", once="week", when={"attributes": {"stars": {"min": 4}, "verified": True}}),
        on("signup", 50, once="ever"),
    )
    good = {"stars": 5, "verified": True}
    first = evaluate_event(rules, "review", good, member(), {})
    assert (first.points, first.standing.earned_points) == (5, 5)
    assert evaluate_event(rules, "review", good, member(first.standing), {}).points == 0
    next_week = member(first.standing, day=SUNDAY + timedelta(days=1))
    assert evaluate_event(rules, "review", good, next_week, {}).points == 5
    poor_ones: list[dict[str, Any]] = [
        {"stars": 3, "verified": True},
        {"stars": 5},
        {"stars": "5", "verified": True},
    ]
    for poor in poor_ones:
        assert evaluate_event(rules, "review", poor, member(), {}).points == 0
    assert evaluate_event(rules, "unheard_of", {}, member(), {}).points == 0
    signed_up = evaluate_event(rules, "signup", {}, member(), {})
    assert evaluate_event(rules, "signup", {}, member(signed_up.standing), {}).points == 0


def test_an_event_is_no_purchase() -> None:
    rules = rules_of(BASE, on("review"))
    standing = evaluate_event(rules, "review", {}, member(), {}).standing
    assert (standing.purchase_count, standing.visit_days, standing.last_day) == (0, 0, None)
    assert standing.months == {"2026-11": (5, 0, 0)}
    assert evaluate_event(rules, "purchase", {}, member(), {}).points == 0


def test_app_visits_in_a_row() -> None:
    streak = {"id": "s", "on": "app_visit",
              "earn": {"kind": "streak", "every": "day", "length": 3, "points": 9}}  # fmt: skip
    rules = rules_of(streak)
    standing = Standing()
    given: list[int] = []
    for days in (0, 0, 1, 2, 4, 5, 6):
        facts = member(standing, day=SUNDAY + timedelta(days=days))
        done = evaluate_event(rules, "app_visit", {}, facts, {})
        standing, given = done.standing, [*given, done.points]
    assert given == [0, 0, 0, 9, 0, 0, 9]


@pytest.mark.parametrize(
    ("event", "day", "due"),
    [
        ({"event": "birthday"}, date(2026, 11, 22), True),
        ({"event": "birthday"}, date(2026, 11, 21), False),
        ({"event": "birthday"}, date(2026, 11, 28), True),
        ({"event": "birthday"}, date(2026, 11, 29), False),
        ({"event": "birthday", "before_days": 7}, date(2026, 11, 15), True),
        ({"event": "birthday", "before_days": 7}, date(2026, 11, 14), False),
        ({"event": "anniversary"}, date(2027, 3, 1), True),
        ({"event": "anniversary"}, date(2026, 3, 1), False),
        ({"event": "idle", "days": 60}, date(2026, 11, 30), True),
        ({"event": "idle", "days": 60}, date(2026, 11, 29), False),
        ({"event": "period", "every": "quarter"}, date(2026, 11, 22), True),
    ],
)
def test_the_calendar_gives_once_per_occasion(event: dict[str, Any], day: date, due: bool) -> None:
    rules = rules_of(on(event))
    facts: dict[str, Any] = {"birthday": (11, 22), "enrolled_on": date(2026, 3, 1)}
    known = member(Standing(last_day=date(2026, 10, 1)), day=day, **facts)
    assert due_events(rules, known) == ((event["event"],) if due else ())
    done = evaluate_event(rules, event["event"], {}, known, {})
    assert bool(done.points) is due
    again = member(done.standing, day=day, **facts)
    assert due_events(rules, again) == ()
    assert evaluate_event(rules, event["event"], {}, again, {}).points == 0


def test_the_calendar_gives_again_next_time() -> None:
    rules = rules_of(on({"event": "period", "every": "month"}), on({"event": "birthday"}))
    facts: dict[str, Any] = {"birthday": (11, 22)}
    done = evaluate_event(rules, "birthday", {}, member(**facts), {})
    next_year = member(done.standing, day=date(2027, 11, 23), **facts)
    assert due_events(rules, next_year) == ("birthday", "period")
    assert evaluate_event(rules, "birthday", {}, next_year, {}).points == 5


def test_a_month_of_subscription_pays_once() -> None:
    rules = rules_of(on("subscription_month", 20, once="month"))
    done = evaluate_event(rules, "subscription_month", {}, member(), {})
    again = member(done.standing, day=date(2026, 11, 30))
    assert evaluate_event(rules, "subscription_month", {}, again, {}).points == 0
    december = member(done.standing, day=date(2026, 12, 1))
    assert evaluate_event(rules, "subscription_month", {}, december, {}).points == 20
