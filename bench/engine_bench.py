"""The engine alone: one purchase against 100 active rules and 20 segments, in microseconds.

    python -m bench.engine_bench

Every rule is in force and looks at the purchase; about a dozen give points, or in the crowded case
every third. Beside them stand the same purchase under one rate, and what a step of an empty loop
takes, so that figures of a busy machine can be told from those of an idle one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.core.engine.basket import Basket, Line
from backend.core.engine.conditions_time import WEEKDAYS
from backend.core.engine.evaluate import evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts, Standing

RULES = 100
SEGMENTS = 20
TARGET_US = 200
_ROUNDS = 200
_A_ROUND = 5
_STEPS = 20_000
_DAY = date(2026, 11, 21)


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """Microseconds of processor time per purchase, the best of some rounds; `applied` is how many
    rules gave points."""

    full_us: int
    applied: int
    crowded_us: int
    crowd: int
    one_rule_us: int
    standing_us: int
    parse_us: int
    loop_step_ns: int


def document(rules: int = RULES, *, crowded: bool = False) -> dict[str, Any]:
    """A shop with so many rules: rates per category, promotions, cards, streaks, milestones."""
    return {
        "format": 1,
        "currency": "EUR",
        "rules": [_rule(number, crowded=crowded) for number in range(rules)],
        "segments": [_segment(number) for number in range(SEGMENTS)],
        "caps": {"purchase": 100_000, "day": 200_000},
        "campaigns": [{"id": "autumn", "budget_points": 10**9}],
    }


def _segment(number: int) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = [
        {"purchases": {"min": number}},
        {"spend_minor": {"min": 10_000 * number, "months": 12}},
        {"rfm": {"recency": {"min": 4}, "frequency": {"min": 1 + number % 5}}},
        {"any": [{"label": [f"label{number}"]}, {"idle_days": {"max": 10 * number}}]},
    ]
    return {"id": f"s{number}", "when": conditions[number % len(conditions)]}


def _rule(number: int, *, crowded: bool) -> dict[str, Any]:
    spend = (30 if crowded else 400) * number
    segment = {"segment": [f"s{number % SEGMENTS}"]}
    category = {"category": [f"c{number % 30}"]}
    days = list(WEEKDAYS) if crowded else [WEEKDAYS[number // 10 % 7]]
    hours = {"hours": [{"from": "17:00", "until": "19:00", "weekdays": days}]}
    kinds: list[dict[str, Any]] = [
        {"earn": {"kind": "rate", "points": 1, "per_minor": 100 + number}, "lines": category},
        {
            "earn": {"kind": "per_unit", "points": 2},
            "lines": {"sku": [f"k{number}", "k2"] if crowded else [f"k{number}"]},
        },
        {"earn": {"kind": "multiply", "bp": 12_000}, "when": {**hours, **segment}},
        {"earn": {"kind": "multiply", "bp": 11_000}, "lines": {"brand": ["b1"]}, "when": segment},
        {"earn": {"kind": "fixed", "points": 5}, "when": segment, "campaign": "autumn"},
        {"earn": {"kind": "fixed", "points": 5}, "when": {"basis_minor": {"min": spend}}},
        {"earn": {"kind": "stamps", "per": "unit", "card": 10, "points": 20}, "lines": category},
        {"earn": {"kind": "stamps", "per": "visit", "card": 10, "points": 20}, "when": segment},
        {"earn": {"kind": "milestone", "of": "spend_minor", "every": 50_000, "points": 100}},
        {"earn": {"kind": "streak", "every": "week", "length": 4, "points": 30}, "when": segment},
    ]
    return {"id": f"r{number}", **kinds[number % len(kinds)]}


def purchase() -> Basket:
    """Five lines of three brands in five categories."""
    lines = tuple(
        Line(str(n), 500 + n, 1 + n % 3, sku=f"k{n}", category=f"c{n}", brand=f"b{n % 3}")
        for n in range(5)
    )
    return Basket("EUR", sum(line.amount_minor for line in lines), lines, store_id="S1")


def regular() -> Standing:
    """A member of three years, two visits a month."""
    months = {f"{2023 + n // 12}-{n % 12 + 1:02d}": (90, 9000, 2) for n in range(10, 46)}
    return Standing(
        purchase_count=72, visit_days=72, spend_minor=324_000, earned_points=3240,
        first_day=date(2023, 11, 2), last_day=date(2026, 11, 14), months=months,
    )  # fmt: skip


def run() -> EngineFigures:
    """Measures; nothing is written anywhere."""
    rules, one = RuleSet.parse(document()), RuleSet.parse(document(rules=1))
    crowded = RuleSet.parse(document(crowded=True))
    facts = MemberFacts(Moment.on(_DAY, 18 * 60), regular(), enrolled_on=date(2023, 11, 1))
    settled = evaluate_purchase(rules, purchase(), facts, {}).standing
    facts = MemberFacts(facts.moment, settled, enrolled_on=facts.enrolled_on)
    text = settled.to_json()
    basket = purchase()
    return EngineFigures(
        full_us=_us(lambda: evaluate_purchase(rules, basket, facts, {})),
        applied=len(evaluate_purchase(rules, basket, facts, {}).credits),
        crowded_us=_us(lambda: evaluate_purchase(crowded, basket, facts, {})),
        crowd=len(evaluate_purchase(crowded, basket, facts, {}).credits),
        one_rule_us=_us(lambda: evaluate_purchase(one, basket, facts, {})),
        standing_us=_us(lambda: Standing.from_json(text).to_json()),
        parse_us=_us(lambda: RuleSet.parse(document()), 1),
        loop_step_ns=_us(_loop, 1) * 1000 // _STEPS,
    )


def _loop() -> None:
    total = 0
    for step in range(_STEPS):
        total += step


def _us(work: Callable[[], object], times: int = _A_ROUND) -> int:
    rounds = []
    for _ in range(_ROUNDS):
        started_ns = time.process_time_ns()
        for _ in range(times):
            work()
        rounds.append((time.process_time_ns() - started_ns) // (1000 * times))
    return min(rounds)


def show(figures: EngineFigures) -> None:
    lines = [
        (f"{RULES} rules, {SEGMENTS} segments", f"{figures.full_us:6} µs  target {TARGET_US}"),
        (f"… of which {figures.crowd} give points", f"{figures.crowded_us:6} µs"),
        ("one rule", f"{figures.one_rule_us:6} µs"),
        ("standing read and written", f"{figures.standing_us:6} µs"),
        ("document parsed (once)", f"{figures.parse_us:6} µs"),
        ("an empty loop's step", f"{figures.loop_step_ns:6} ns  about 45 on an idle machine"),
    ]
    print(f"engine, a purchase of 5 lines, {figures.applied} rules give points; processor time")
    for what, figure in lines:
        print(f"  {what:<28}{figure}")


if __name__ == "__main__":
    show(run())
