"""Reading a document: what is wrong is refused where it stands, what is equal has one hash."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from backend.core.engine.rule_set import RuleSet
from backend.core.errors import RuleInvalid
from tests.engine_kit import BASE, buy, euros, member

DOCUMENT: dict[str, Any] = {
    "format": 1,
    "title": "Bakery",
    "currency": "EUR",
    "unit": "points",
    "rounding": "floor",
    "basis": {"tax": "included", "shipping": False},
    "groups": [{"id": "promos", "choose": "most_points"}],
    "segments": [{"id": "new", "when": {"purchases": {"max": 0}}}],
    "campaigns": [{"id": "spring", "budget_points": 1000, "from": "2026-03-01"}],
    "caps": {"purchase": 500},
    "rules": [
        BASE,
        {
            "id": "promo",
            "on": "purchase",
            "earn": {"kind": "fixed", "points": 5},
            "when": {"segment": ["new"], "hours": [{"from": "08:00", "until": "10:00"}]},
            "lines": {"category": ["bread"]},
            "group": "promos",
            "campaign": "spring",
            "from": "2026-03-01",
            "until": "2026-03-31",
        },
    ],
}

RULE = ("rules", 1)


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("format",), 2, "/format"),
        (("format",), True, "/format"),
        (("currency",), "EURO", "/currency"),
        (("currency",), None, "/currency"),
        (("surprise",), 1, "/surprise"),
        (("rounding",), "up", "/rounding"),
        (("rules",), [], "/rules"),
        (("rules",), [BASE, BASE], "/rules/1/id"),
        (("rules", 0, "id"), "Base Rule", "/rules/0/id"),
        (("rules", 0, "id"), "tier", "/rules/0/id"),
        (("rules", 0, "earn", "points"), 1.0, "/rules/0/earn/points"),
        (("rules", 0, "earn", "points"), 0, "/rules/0/earn/points"),
        (("rules", 0, "earn", "per_minor"), 0, "/rules/0/earn/per_minor"),
        (("rules", 0, "earn", "kind"), "lottery", "/rules/0/earn/kind"),
        (("rules", 0, "earn", "a/b"), 1, "/rules/0/earn/a~1b"),
        (("rules", 0, "stackable"), False, "/rules/0/stackable"),
        ((*RULE, "group"), "other", None),
        (("rules", 0, "group"), "promos", "/rules/1/group"),
        ((*RULE, "until"), "2026-02-28", "/rules/1/until"),
        ((*RULE, "until"), "2026-02-30", "/rules/1/until"),
        ((*RULE, "campaign"), "autumn", "/rules/1/campaign"),
        ((*RULE, "priority"), 10**6, "/rules/1/priority"),
        ((*RULE, "lines"), {}, "/rules/1/lines"),
        ((*RULE, "lines", "category"), ["a", "a"], "/rules/1/lines/category"),
        ((*RULE, "when"), {}, "/rules/1/when"),
        ((*RULE, "when", "segment"), ["old"], "/rules/1/when/segment"),
        ((*RULE, "when", "hours"), [{"from": "8", "until": "9"}], "/rules/1/when/hours/0/from"),
        ((*RULE, "when", "hours"), [{"from": "08:00"}], "/rules/1/when/hours/0/until"),
        ((*RULE, "when", "weekdays"), ["lundi"], "/rules/1/when/weekdays/0"),
        ((*RULE, "when", "visits"), {"min": 5, "max": 4}, "/rules/1/when/visits"),
        ((*RULE, "when", "attributes"), {"a": True}, "/rules/1/when/attributes"),
        ((*RULE, "on"), "idle", "/rules/1/on"),
        ((*RULE, "on"), "review", "/rules/1/lines"),
        (("rules", 0, "on"), "review", "/rules/0/earn/kind"),
        (("segments", 0, "when"), {"segment": ["new"]}, "/segments/0/when/segment"),
        (("segments", 0, "when"), {"store": ["S"]}, "/segments/0/when/store"),
        (("caps", "margin"), {"share_bp": 1}, "/caps/margin/assumed_margin_bp"),
        (("caps", "day"), -1, "/caps/day"),
        (("pending",), {}, "/pending"),
        (("rfm",), {"recency_days": [1, 1, 2, 3]}, "/rfm/recency_days"),
        (("campaigns", 0, "id"), "", "/campaigns/0/id"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    path: tuple[str | int, ...], value: object, pointer: str | None
) -> None:
    document = deepcopy(DOCUMENT)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    if pointer is None:
        RuleSet.parse(document)
        return
    with pytest.raises(RuleInvalid) as refused:
        RuleSet.parse(document)
    assert refused.value.facts["pointer"] == pointer
    assert refused.value.message.startswith(f"{pointer}: ")


@pytest.mark.parametrize("document", [None, [], "rules", 1, {}, {"format": 1, "currency": "EUR"}])
def test_what_is_no_document_is_refused(document: object) -> None:
    with pytest.raises(RuleInvalid):
        RuleSet.parse(document)


@pytest.mark.parametrize("member", ["rules", "caps", "lines", "title", "tiers", "surprise"])
def test_depth_is_refused_and_not_followed(member: str) -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"not": deep} if member == "lines" else [deep]
    document: dict[str, Any] = {"format": 1, "currency": "EUR", "rules": [BASE]}
    if member == "lines":
        document["rules"] = [BASE | {"lines": deep}]
    else:
        document[member] = deep
    with pytest.raises(RuleInvalid):
        RuleSet.parse(document)


def test_conditions_have_a_depth() -> None:
    when: dict[str, Any] = {"weekdays": ["mon"]}
    for _ in range(9):
        when = {"not": when}
    with pytest.raises(RuleInvalid):
        RuleSet.parse({"format": 1, "currency": "EUR", "rules": [BASE | {"when": when}]})


def test_order_says_nothing_and_every_term_says_something() -> None:
    turned = dict(reversed(DOCUMENT.items()))
    turned["rules"] = list(reversed(DOCUMENT["rules"]))
    assert RuleSet.parse(turned).hash == RuleSet.parse(DOCUMENT).hash
    assert (
        RuleSet.parse(DOCUMENT | {"caps": {"purchase": 501}}).hash != RuleSet.parse(DOCUMENT).hash
    )


def test_all_events_and_conditions_together() -> None:
    rules = RuleSet.parse(DOCUMENT)
    assert rules.remembers
    assert rules.events == {"purchase"}
    assert buy(rules, euros(5), member(at="09:00")).points == 5
