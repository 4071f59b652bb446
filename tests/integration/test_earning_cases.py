"""FEATURES §6, the edge cases of earning: 9 fractions, 10 the basis, 15 late and out of order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from backend.api import present_earning
from backend.core.money import Money
from backend.ledger.group_commit import Claim, GroupCommitter
from backend.services.accept_purchase import AcceptPurchase, PurchaseTerms
from backend.services.lookup import MemberById
from backend.services.rule_versions import PublishRules
from tests.api_client import START_MS, Shop, accepted
from tests.earning_kit import BASE, document, fixed, publish, reasons
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
PER_HUNDRED = {
    "id": "base",
    "title": "Base",
    "earn": {"kind": "rate", "points": 1, "per_minor": 5000},
}


def test_case_9_fractions_are_floored_or_carried_as_the_program_says(till: Shop) -> None:
    """30 + 20 = 50: what a purchase leaves over is lost, or counts with the next."""
    publish(till, PER_HUNDRED, rounding="floor")
    member = till.enrol()
    assert [till.buy(member, n)["points"]["earned"] for n in (3000, 2000)] == [0, 0]
    publish(till, PER_HUNDRED, rounding="carry")
    other = till.enrol()
    assert [till.buy(other, n)["points"]["earned"] for n in (3000, 2000, 4999)] == [0, 1, 0]
    assert till.buy(other, 1)["points"]["earned"] == 1
    audit(till.database.ledger)


def test_case_9_partial_returns_take_back_what_was_credited_and_no_fraction(till: Shop) -> None:
    publish(till, BASE, rounding="carry")
    member = till.enrol()
    till.buy(member, 150)
    bought = till.buy(member, 1150)
    assert bought["points"]["earned"] == 12
    taken = [
        accepted(till.post(f"/purchases/{bought['id']}/returns", {"amount_minor": 230}))["points"]
        for _ in range(5)
    ]
    assert sum(one["taken_back"] for one in taken) == 12
    assert till.balance(member) == (1, 0)


LINES: list[dict[str, Any]] = [
    {"line_id": "1", "amount_minor": 12_000, "tax_minor": 2000, "discount_minor": 3000},
    {"line_id": "2", "amount_minor": 600, "tax_minor": 100, "kind": "shipping"},
    {"line_id": "3", "amount_minor": 5000, "kind": "gift_card"},
    {"line_id": "4", "amount_minor": 2400, "kind": "service", "tax_minor": 400},
    {"line_id": "5", "amount_minor": 9900, "voided": True},
]


@pytest.mark.parametrize(
    ("basis", "points"),
    [
        ({}, 144),
        ({"tax": "excluded"}, 120),
        ({"discount": "before"}, 174),
        ({"shipping": True}, 150),
        ({"gift_cards": True}, 194),
        ({"services": False}, 120),
    ],
)
def test_case_10_the_basis_says_what_earns(till: Shop, basis: dict[str, Any], points: int) -> None:
    publish(till, BASE, basis=basis)
    body = till.purchase(till.enrol(), 20_000) | {"lines": LINES}
    assert accepted(till.post("/purchases", body))["points"]["earned"] == points


@pytest.mark.parametrize(
    ("basis", "paid", "points"),
    [
        ({}, {"paid_with_points_minor": 4000}, 60),
        ({"paid_with_points": True}, {"paid_with_points_minor": 4000}, 100),
        ({}, {"tax_minor": 2000}, 100),
        ({"tax": "excluded"}, {"tax_minor": 2000}, 80),
        ({}, {"paid_with_gift_card_minor": 4000}, 100),
        ({"paid_with_gift_card": False}, {"paid_with_gift_card_minor": 4000}, 60),
    ],
)
def test_case_10_tax_and_what_points_and_gift_cards_paid_earn_if_the_program_says_so(
    till: Shop, basis: dict[str, Any], paid: dict[str, int], points: int
) -> None:
    publish(till, BASE, basis=basis)
    body = till.purchase(till.enrol(), 10_000) | paid
    assert accepted(till.post("/purchases", body))["points"]["earned"] == points


CAPPED = {**BASE, "limits": {"day": 15}}
LATE = [
    ("2025-12-30T12:00:00Z", 1000),
    ("2025-12-31T12:00:00Z", 2000),
    ("2025-12-30T13:00:00Z", 900),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_case_15_caps_of_a_day_hold_in_whatever_order_purchases_arrive(
    till: Shop, order: tuple[int, ...]
) -> None:
    publish(till, CAPPED)
    member = till.enrol()
    for place in order:
        at, amount_minor = LATE[place]
        till.buy(member, amount_minor, occurred_at=at)
    assert till.balance(member) == (30, 0), "15 of each day"


def test_case_15_a_late_purchase_is_judged_as_of_its_own_hour(till: Shop) -> None:
    evening = fixed("evening", 5, when={"hours": [{"from": "17:00", "until": "19:00"}]})
    publish(till, BASE, evening, fixed("old", 3, until="2025-12-30"))
    member = till.enrol()
    on_time = till.buy(member, occurred_at="2025-12-31T18:30:00Z")
    late = till.buy(member, occurred_at="2025-12-30T19:30:00+02:00")
    too_late = till.buy(member, occurred_at="2025-12-30T23:30:00Z")
    assert reasons(on_time) == {"base": 10, "evening": 5}
    assert reasons(late) == {"base": 10, "evening": 5, "old": 3}
    assert reasons(too_late) == {"base": 10, "old": 3}
    row = next(r for r in till.records("purchases") if r["id"] == late["id"])
    assert row["received_at_ms"] > row["occurred_at_ms"]


def test_purchases_of_one_group_see_what_the_ones_before_them_left(till: Shop) -> None:
    third = {"id": "third", "earn": {"kind": "stamps", "per": "purchase", "card": 3, "points": 100}}
    gift = fixed("gift", 40, campaign="spring")
    publish(till, CAPPED, third, gift, campaigns=[{"id": "spring", "budget_points": 100}])
    member = till.enrol()
    house = till.house
    committer = GroupCommitter(till.database.ledger, house.vault, till.clock, house.new_id)

    def buy(number: int) -> AcceptPurchase:
        claim = Claim(till.merchant_id, f"group-{number}", "")
        named = MemberById(till.program_id, member)
        spent = Money(1000, "EUR")
        terms = PurchaseTerms(named, f"in-group-{number}", START_MS, spent)
        return AcceptPurchase(claim, terms, present_earning.purchase)

    for outcome in committer.execute([buy(number) for number in range(4)]):
        assert not isinstance(outcome, Exception)
    earned = {"base": 15, "third": 100, "gift": 100}
    assert till.balance(member) == (sum(earned.values()), 0)
    [standing] = [row for row in till.records("standings") if row["member_id"] == member]
    assert '"purchase_count":4' in standing["document"]
    [use] = till.records("campaign_uses")
    assert use["used_points"] == 100
    audit(till.database.ledger)


def test_what_is_published_in_a_group_judges_from_the_next_one_on(till: Shop) -> None:
    path = f"/programs/{till.program_id}/rules"
    accepted(till.post(path, {"document": document(fixed("hello", 7))}))
    member, house = till.enrol(), till.house
    committer = GroupCommitter(till.database.ledger, house.vault, till.clock, house.new_id)
    named, spent = MemberById(till.program_id, member), Money(1000, "EUR")
    terms = PurchaseTerms(named, "beside-publishing", START_MS, spent)
    claim = Claim(till.merchant_id, "beside-publishing", "")
    publishing = PublishRules(till.merchant_id, None, till.program_id, 1, lambda _: b"{}")
    buying = AcceptPurchase(claim, terms, present_earning.purchase)
    for outcome in committer.execute([publishing, buying]):
        assert not isinstance(outcome, Exception)
    assert till.balance(member) == (10, 0)
    [row] = till.records("purchases")
    assert row["rules_version"] is None
    assert reasons(till.buy(member)) == {"hello": 7}
    [standing] = [row for row in till.records("standings") if row["member_id"] == member]
    assert '"purchase_count":2' in standing["document"]
