"""Rules are looked up by day, lines and segment: a rule gives points exactly when each of its
terms holds, whatever other rules stand beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.core.engine.basket import Line
from backend.core.engine.conditions_time import WEEKDAYS
from backend.core.engine.standing import Standing
from tests.engine_kit import SUNDAY, basket_of, buy, member, points_by_rule, rules_of

SEGMENTS = {"new": {"max": 3}, "vip": {"min": 3}}
DAYS = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True)
HOURS = st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda both: both[0] != both[1])


def values(*names: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True)


RULES = st.fixed_dictionaries(
    {},
    optional={
        "category": values("bread", "cake"),
        "brand": values("b1", "b2"),
        "not_brand": values("b1", "b2"),
        "segment": st.sampled_from([["new"], ["vip"], ["new", "vip"]]),
        "weekdays": DAYS,
        "hours": st.tuples(HOURS, DAYS),
    },
)


def as_rule(number: int, terms: dict[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": f"r{number}", "earn": {"kind": "fixed", "points": 1}}
    lines: dict[str, Any] = {}
    lines |= {name: terms[name] for name in ("category", "brand") if name in terms}
    if "not_brand" in terms:
        lines["not"] = {"brand": terms["not_brand"]}
    when: dict[str, Any] = {}
    when |= {name: terms[name] for name in ("segment", "weekdays") if name in terms}
    if "hours" in terms:
        (start, end), days = terms["hours"]
        window = {"from": f"{start:02d}:00", "until": f"{end:02d}:00", "weekdays": days}
        when["hours"] = [window]
    return rule | ({"lines": lines} if lines else {}) | ({"when": when} if when else {})


def holds(terms: dict[str, Any], line: Line, purchases: int, weekday: int, hour: int) -> bool:
    """The same said plainly."""
    if "hours" in terms:
        (start, end), days = terms["hours"]
        today, yesterday = WEEKDAYS[weekday], WEEKDAYS[weekday - 1]
        if start < end:
            within = start <= hour < end and today in days
        else:
            within = (hour >= start and today in days) or (hour < end and yesterday in days)
        if not within:
            return False
    counts = [SEGMENTS[name] for name in terms.get("segment", SEGMENTS)]
    return (
        any(count.get("min", 0) <= purchases <= count.get("max", 99) for count in counts)
        and WEEKDAYS[weekday] in terms.get("weekdays", WEEKDAYS)
        and line.category in terms.get("category", [line.category])
        and line.brand in terms.get("brand", [line.brand])
        and line.brand not in terms.get("not_brand", [])
    )


@settings(max_examples=80, deadline=None)
@given(
    st.lists(RULES, min_size=8, max_size=16),
    st.sampled_from(["bread", "cake", None]),
    st.sampled_from(["b1", "b2", None]),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 23),
)
@example([{"category": ["bread"], "segment": ["new"]}], "bread", None, 4, 0, 12)
def test_a_rule_gives_exactly_when_its_terms_hold(
    drawn: list[dict[str, Any]],
    category: str | None,
    brand: str | None,
    purchases: int,
    days: int,
    hour: int,
) -> None:
    segments = [{"id": name, "when": {"purchases": SEGMENTS[name]}} for name in SEGMENTS]
    rules = rules_of(*map(as_rule, range(len(drawn)), drawn), segments=segments)
    line = Line("1", 500, category=category, brand=brand)
    day = SUNDAY + timedelta(days=days)
    facts = member(Standing(purchase_count=purchases), day=day, at=f"{hour:02d}:30")
    expected = {
        f"r{number}": 1
        for number, terms in enumerate(drawn)
        if holds(terms, line, purchases, day.weekday(), hour)
    }
    assert points_by_rule(buy(rules, basket_of(line), facts)) == expected
