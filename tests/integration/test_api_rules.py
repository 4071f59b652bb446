"""Rules in force: drafted, published, retired; what purchases earn under them and why."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.api_client import Shop, accepted, another_merchant, refused
from tests.earning_kit import BASE, document, fixed, publish, reasons
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]

LINES: list[dict[str, Any]] = [
    {"line_id": "1", "sku": "BREAD", "category": "bakery", "quantity": 2, "amount_minor": 500},
    {"line_id": "2", "sku": "GIFT", "kind": "gift_card", "amount_minor": 2000},
    {"line_id": "3", "sku": "JAM", "amount_minor": 700, "voided": True},
]
DOUBLE_BAKERY = {
    "id": "bakery",
    "title": "Bakery week",
    "lines": {"category": ["bakery"]},
    "earn": {"kind": "multiply", "bp": 20_000},
}


def test_a_version_is_drafted_published_and_retired_and_all_are_kept(till: Shop) -> None:
    path = f"/programs/{till.program_id}/rules"
    member = till.enrol()
    first = accepted(till.post(path, {"document": document(fixed("hello", 7))}))
    assert (first["version"], first["status"], first["published_at"]) == (1, "draft", None)
    assert reasons(till.buy(member)) == {"base": 10}, "a draft judges nothing"
    assert accepted(till.post(f"{path}/1/publish"))["status"] == "published"
    assert reasons(till.buy(member)) == {"hello": 7}
    assert publish(till) == 2
    assert reasons(till.buy(member)) == {"base": 10}
    read = accepted(till.get(path))
    assert [(one["version"], one["status"]) for one in read["data"]] == [
        (2, "published"),
        (1, "retired"),
    ]
    assert read["data"][1] == first | {
        name: read["data"][1][name] for name in ("status", "published_at", "retired_at")
    }
    refused(till.post(f"{path}/1/publish"), 409, "rules_not_draft")
    refused(till.post(f"{path}/1/retire"), 409, "rules_retired")
    refused(till.post(f"{path}/3/publish"), 404, "unknown_rules")
    assert accepted(till.post(f"{path}/2/retire"))["status"] == "retired"
    assert reasons(till.buy(member)) == {"base": 10}, "the program's own terms again"
    versions = Counter(row["rules_version"] for row in till.records("purchases"))
    assert versions == {None: 2, 1: 1, 2: 1}


def test_rules_are_their_merchants_alone(till: Shop) -> None:
    publish(till)
    other = another_merchant(till)
    path = f"/programs/{till.program_id}/rules"
    refused(other.get(path), 404, "unknown_program")
    refused(other.post(path, {"document": document()}), 404, "unknown_program")
    refused(other.post(f"{path}/1/retire"), 404, "unknown_program")


def test_a_mistake_in_a_document_is_pointed_at(till: Shop) -> None:
    wrong = document({**BASE, "earn": {"kind": "rate", "points": 1.5, "per_minor": 100}})
    before = till.snapshot()
    path = f"/programs/{till.program_id}/rules"
    problem = refused(till.post(path, {"document": wrong}), 422, "rule_invalid")
    assert problem["pointer"] == "/rules/0/earn/points"
    elsewhere = {**document(), "currency": "USD"}
    refused(till.post(path, {"document": elsewhere}), 422, "currency_mismatch")
    assert till.snapshot() == before


def test_a_basket_earns_line_by_line_and_says_why(till: Shop) -> None:
    publish(till, BASE, DOUBLE_BAKERY)
    member = till.enrol()
    body = till.purchase(member) | {"lines": LINES}
    del body["amount_minor"]
    quoted = accepted(till.post("/purchases/quote", body))
    bought = accepted(till.post("/purchases", body))
    assert quoted == {name: bought[name] for name in quoted}
    assert bought["amount_minor"] == 2500
    assert reasons(bought) == {"base": 5, "bakery": 5}, "a gift card and a voided line earn nothing"
    kept = ("line_id", "quantity", "amount_minor", "basis_minor", "points", "voided")
    mine = [row for row in till.records("purchase_lines") if row["purchase_id"] == bought["id"]]
    assert [tuple(row[name] for name in kept) for row in mine] == [
        ("1", 2, 500, 500, 10, False),
        ("2", 1, 2000, 0, 0, False),
        ("3", 1, 700, 0, 0, True),
    ]
    [row] = till.records("purchases")
    assert json.loads(row["document"])["credits"] == [
        {"rule": "base", "points": 5, "text": "Base (1 per €)", "line_points": [5, 0, 0]},
        {"rule": "bakery", "points": 5, "text": "Bakery week ×2", "line_points": [5, 0, 0]},
    ]


def test_every_receipt_carries_the_rules_hash_and_the_reasons(till: Shop) -> None:
    publish(till, BASE, fixed("hello", 7))
    [published] = accepted(till.get(f"/programs/{till.program_id}/rules"))["data"]
    bought = till.buy(till.enrol())
    [entry] = [row for row in till.records("journal") if row["source_id"] == bought["id"]]
    details = json.loads(entry["details"])
    assert details["rule_hash"] == published["hash"]
    assert sum(points for _, points, _ in details["reasons"]) == entry["points"] == 17


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": LINES, "amount_minor": 2400},
        {"lines": [LINES[0], LINES[0]], "amount_minor": 1000},
        {"lines": [{**LINES[0], "quantity": 0}], "amount_minor": 500},
        {"lines": [{**LINES[0], "tax_minor": 501}], "amount_minor": 500},
        {"paid_with_points_minor": 1001},
        {"paid_with_gift_card_minor": -1},
        {"discount_minor": -1},
    ],
)
def test_a_basket_that_does_not_add_up_is_refused(till: Shop, wrong: dict[str, Any]) -> None:
    body = till.purchase(till.enrol()) | wrong
    before = till.snapshot()
    refused(till.post("/purchases", body), 422, "basket_invalid")
    refused(till.post("/purchases/quote", body), 422, "basket_invalid")
    assert till.snapshot() == before


def test_first_rules_remember_what_was_bought_before_them(till: Shop) -> None:
    regular, newcomer = till.enrol(), till.enrol()
    for day in (1, 2, 2):
        till.buy(regular, 1000, occurred_at=f"2025-12-0{day}T12:00:00Z")
    third_visit = {
        "id": "third",
        "earn": {"kind": "milestone", "of": "visits", "at": [3], "points": 50},
    }
    publish(till, BASE, third_visit)
    assert reasons(till.buy(regular)) == {"base": 10, "third": 50}
    assert reasons(till.buy(newcomer)) == {"base": 10}
    standings = {row["member_id"]: row for row in till.records("standings")}
    remembered = json.loads(standings[regular]["document"])
    assert (remembered["purchase_count"], remembered["visit_days"]) == (4, 3)
    assert (remembered["spend_minor"], remembered["earned_points"]) == (4000, 90)


def test_what_is_bought_while_no_rules_are_in_force_is_not_forgotten(till: Shop) -> None:
    member = till.enrol()
    version = publish(till)
    till.buy(member)
    accepted(till.post(f"/programs/{till.program_id}/rules/{version}/retire"))
    till.buy(member)
    third = {
        "id": "third",
        "earn": {"kind": "milestone", "of": "purchases", "every": 3, "points": 50},
    }
    publish(till, BASE, third)
    assert reasons(till.buy(member)) == {"base": 10, "third": 50}


def test_a_campaign_never_gives_more_than_its_budget(till: Shop) -> None:
    gift = fixed("gift", 40, campaign="spring")
    publish(till, BASE, gift, campaigns=[{"id": "spring", "budget_points": 100}])
    given = [reasons(till.buy(till.enrol())).get("gift", 0) for _ in range(4)]
    assert given == [40, 40, 20, 0]
    [use] = till.records("campaign_uses")
    assert use["used_points"] == 100
    publish(till, BASE, gift, campaigns=[{"id": "spring", "budget_points": 110}])
    assert reasons(till.buy(till.enrol()))["gift"] == 10, "a new version goes on where it was"
    audit(till.database.ledger)


def test_a_grant_is_answered_beside_the_points(till: Shop) -> None:
    tenth = {
        "id": "coffee",
        "title": "Third coffee",
        "earn": {"kind": "stamps", "per": "purchase", "card": 3, "reward": "free-coffee"},
    }
    publish(till, BASE, tenth)
    member = till.enrol()
    grants = [till.buy(member)["grants"] for _ in range(3)]
    assert [len(each) for each in grants] == [0, 0, 1]
    [[grant]] = grants[2:]
    assert (grant["rule"], grant["reward"], grant["quantity"]) == ("coffee", "free-coffee", 1)
