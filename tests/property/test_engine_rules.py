"""Whatever the rules and the baskets: caps hold, lines add up, order says nothing."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.engine.basket import Basket, Line
from backend.core.engine.caps import cap_key
from backend.core.engine.evaluate import evaluate_purchase
from backend.core.engine.outcome import Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import Standing
from tests.engine_kit import SUNDAY, member

CATEGORIES = ["bread", "cake", "drink"]
POINTS = st.integers(1, 500)
LINES = st.builds(
    lambda amount, quantity, category, tax_bp, voided, kind: Line(
        "0", amount, quantity, kind, category=category, tax_minor=amount * tax_bp // 10_000,
        voided=voided,
    ),
    st.integers(0, 20_000),
    st.integers(1, 9),
    st.sampled_from([None, *CATEGORIES]),
    st.sampled_from([0, 550, 2000]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(["product", "product", "shipping", "service"]),
)  # fmt: skip


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    drawn = draw(st.lists(LINES, max_size=5))
    lines = tuple(
        Line(str(n), line.amount_minor, line.quantity, line.kind, category=line.category,
             tax_minor=line.tax_minor, voided=line.voided)
        for n, line in enumerate(drawn)
    )  # fmt: skip
    total = sum(line.amount_minor for line in lines if not line.voided)
    if not lines:
        return Basket("EUR", draw(st.integers(0, 50_000)))
    discount = draw(st.integers(0, total))
    paid = draw(st.integers(0, total - discount))
    return Basket(
        "EUR", total - discount, lines, discount_minor=discount, paid_with_points_minor=paid
    )


AWARD = st.fixed_dictionaries({"points": POINTS})
EARN = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("rate"), "points": POINTS, "per_minor": st.integers(1, 5000)}
    ),
    st.fixed_dictionaries({"kind": st.just("per_unit"), "points": POINTS}),
    st.fixed_dictionaries({"kind": st.just("multiply"), "bp": st.integers(10_001, 50_000)}),
    st.fixed_dictionaries({"kind": st.just("fixed"), "points": POINTS}),
    st.builds(
        lambda award, per, card: {"kind": "stamps", "per": per, "card": card, **award},
        AWARD,
        st.sampled_from(["purchase", "visit", "unit"]),
        st.integers(1, 12),
    ),
    st.builds(
        lambda award, of, every: {"kind": "milestone", "of": of, "every": every, **award},
        AWARD,
        st.sampled_from(["purchases", "spend_minor", "points"]),
        st.integers(1, 10_000),
    ),
)


@st.composite
def documents(draw: st.DrawFn, rounding: str = "") -> dict[str, Any]:
    rules = []
    for number in range(draw(st.integers(1, 6))):
        rule: dict[str, Any] = {"id": f"r{number}", "earn": draw(EARN)}
        kind = rule["earn"]["kind"]
        if draw(st.booleans()):
            rule["lines"] = {"category": draw(st.lists(st.sampled_from(CATEGORIES), min_size=1,
                                                       unique=True))}  # fmt: skip
        rule["priority"] = draw(st.integers(-2, 2))
        if kind in ("rate", "per_unit"):
            rule["group"] = draw(st.sampled_from([None, "rates"]))
        elif kind in ("multiply", "fixed"):
            rule["group"] = draw(st.sampled_from([None, "promos"]))
            rule["stackable"] = draw(st.sampled_from([True, True, False]))
        if draw(st.booleans()):
            rule["limits"] = {draw(st.sampled_from(["purchase", "day", "month"])): draw(POINTS)}
        rules.append(rule)
    return {
        "format": 1,
        "currency": "EUR",
        "rounding": rounding or draw(st.sampled_from(["floor", "carry"])),
        "basis": {"tax": draw(st.sampled_from(["included", "excluded"]))},
        "rules": rules,
        "groups": [{"id": "promos", "choose": "most_points"}],
        "caps": draw(st.sampled_from([{}, {"purchase": 700}, {"day": 900, "member": 3000}])),
    }


def history(rules: RuleSet, bought: list[Basket]) -> list[Evaluation]:
    """One member's purchases, two a day."""
    done: list[Evaluation] = []
    standing = Standing()
    for number, basket in enumerate(bought):
        facts = member(standing, day=SUNDAY + timedelta(days=number // 2))
        done.append(evaluate_purchase(rules, basket, facts, {}))
        standing = Standing.from_json(done[-1].standing.to_json())
        assert standing == done[-1].standing
    return done


@settings(max_examples=120, deadline=None)
@given(documents(), st.lists(baskets(), min_size=1, max_size=5))
def test_points_are_never_negative_and_add_up_line_by_line(
    document: dict[str, Any], bought: list[Basket]
) -> None:
    rules = RuleSet.parse(document)
    for basket, done in zip(bought, history(rules, bought), strict=True):
        assert all(credit.points > 0 for credit in done.credits)
        assert sum(done.line_basis_minor) == (done.basis_minor if basket.lines else 0)
        assert 0 <= done.basis_minor <= basket.amount_minor
        for credit in done.credits:
            assert bool(credit.line_points) is bool(basket.lines)
            if basket.lines:
                assert sum(credit.line_points) == credit.points
                assert min(credit.line_points) >= 0
        for line, points in zip(basket.lines, done.line_points, strict=False):
            assert not points or (not line.voided and line.kind != "shipping")


@settings(max_examples=120, deadline=None)
@given(documents(), st.lists(baskets(), min_size=1, max_size=6))
def test_caps_hold(document: dict[str, Any], bought: list[Basket]) -> None:
    rules = RuleSet.parse(document)
    done = history(rules, bought)
    for owner, limits in (
        ("*", document["caps"]),
        *((rule["id"], rule.get("limits", {})) for rule in document["rules"]),
    ):
        given = [
            sum(credit.points for credit in each.credits if owner in ("*", credit.rule))
            for each in done
        ]
        days = [sum(given[place : place + 2]) for place in range(0, len(given), 2)]
        assert max(given) <= limits.get("purchase", 10**12)
        assert max(days) <= limits.get("day", 10**12)
        assert sum(given) <= limits.get("member", 10**12)
        if "day" in limits:
            used = done[-1].standing.used.get(
                cap_key(owner, "day", SUNDAY + timedelta(days=(len(given) - 1) // 2)), 0
            )
            assert used == days[-1]


@settings(max_examples=100, deadline=None)
@given(documents(), st.lists(baskets(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_in_the_document_says_nothing(
    document: dict[str, Any], bought: list[Basket], shuffler: random.Random
) -> None:
    turned = dict(document)
    turned["rules"] = shuffler.sample(document["rules"], len(document["rules"]))
    rules, others = RuleSet.parse(document), RuleSet.parse(turned)
    assert rules.hash == others.hash
    assert history(rules, bought) == history(others, bought)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 50),
    st.integers(1, 10_000),
    st.lists(st.integers(1, 30_000), min_size=1, max_size=12),
)
def test_carried_remainders_lose_nothing_however_a_series_is_split(
    points: int, per_minor: int, amounts: list[int]
) -> None:
    rules = RuleSet.parse(
        {
            "format": 1,
            "currency": "EUR",
            "rounding": "carry",
            "rules": [
                {"id": "base", "earn": {"kind": "rate", "points": points, "per_minor": per_minor}},
                {"id": "more", "earn": {"kind": "multiply", "bp": 12_500}},
            ],
        }
    )
    done = history(rules, [Basket("EUR", amount) for amount in amounts])
    given = {"base": 0, "more": 0}
    for each in done:
        for credit in each.credits:
            given[credit.rule] += credit.points
    whole = sum(amounts) * points
    assert given == {"base": whole // per_minor, "more": whole // (4 * per_minor)}
