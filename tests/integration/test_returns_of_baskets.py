"""Returns of baskets that rules judged: by line, against what was credited, and what they undo."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api_client import Shop, accepted, refused
from tests.earning_kit import BASE, fixed, pending, publish, reasons
from tests.integration.spending_kit import reward
from tests.integration.tier_kit import TIERS
from tests.ledger_audit import audit
from tests.returns_kit import take_back

pytest_plugins = ["tests.api_client"]
DOUBLE_BREAD = {
    "id": "double_bread",
    "lines": {"category": ["bread"]},
    "earn": {"kind": "multiply", "bp": 20_000},
}
LINES = [
    {"line_id": "bread", "category": "bread", "quantity": 3, "amount_minor": 900},
    {"line_id": "cake", "category": "cake", "amount_minor": 2000},
    {"line_id": "mistake", "amount_minor": 500, "voided": True},
]


def standing(till: Shop, member: str) -> dict[str, Any]:
    """What the program remembers of the member."""
    [row] = [row for row in till.records("standings") if row["member_id"] == member]
    read: dict[str, Any] = json.loads(row["document"])
    return read


def basket(till: Shop, member: str, **terms: Any) -> dict[str, Any]:
    return till.buy(member, 2900, lines=LINES, **terms)


def test_case_3_a_line_takes_back_what_it_brought(till: Shop) -> None:
    publish(till, BASE, DOUBLE_BREAD)
    member = till.enrol()
    bought = basket(till, member)
    assert reasons(bought) == {"base": 29, "double_bread": 9}
    two = take_back(till, bought, lines=[{"line_id": "bread", "quantity": 2}])
    assert (two["amount"]["value_minor"], two["points"]["taken_back"]) == (600, 12)
    one = take_back(till, bought, lines=[{"line_no": 0}])
    assert (one["amount"]["value_minor"], one["points"]["taken_back"]) == (300, 6)
    exceeded = refused(
        till.post(f"/purchases/{bought['id']}/returns", {"lines": [{"line_id": "bread"}]}),
        409,
        "return_exceeds_purchase",
    )
    assert (exceeded["line_no"], exceeded["remaining_quantity"]) == (0, 0)
    voided = {"lines": [{"line_id": "mistake"}]}
    refused(till.post(f"/purchases/{bought['id']}/returns", voided), 422, "return_invalid")
    rest = take_back(till, bought)
    assert (rest["amount"]["value_minor"], rest["points"]["taken_back"]) == (2000, 20)
    assert till.balance(member) == (0, 0)


def test_a_quantity_of_the_only_line_goes_back(till: Shop) -> None:
    lines = [{"line_id": "bread", "quantity": 3, "amount_minor": 900}]
    bought = till.buy(till.enrol(), 900, lines=lines)
    assert take_back(till, bought, quantity=2)["points"]["taken_back"] == 6
    refused(
        till.post(f"/purchases/{bought['id']}/returns", {"quantity": 2}),
        409,
        "return_exceeds_purchase",
    )


def test_what_was_taken_off_the_basket_is_not_paid_out(till: Shop) -> None:
    bought = till.buy(till.enrol(), 2610, lines=LINES, discount_minor=290)
    back = take_back(till, bought, lines=[{"line_id": "cake"}])
    assert back["amount"]["cash_minor"] == 1800


def test_case_5_rules_of_today_take_back_what_rules_of_yesterday_gave(till: Shop) -> None:
    publish(till, BASE, DOUBLE_BREAD)
    member = till.enrol()
    doubled, partly = basket(till, member), basket(till, member)
    version = publish(till, BASE, fixed("more", 500))
    assert take_back(till, doubled)["points"]["taken_back"] == 38
    accepted(till.post(f"/programs/{till.program_id}/rules/{version}/retire"))
    bread = take_back(till, partly, lines=[{"line_id": "bread"}])
    assert bread["points"]["taken_back"] == 18
    assert till.balance(member) == (20, 0)


def test_case_1_pending_points_are_cancelled_before_any_other(till: Shop) -> None:
    publish(till, BASE, fixed("at_once", 5, pending=False), pending={"days": 14})
    member = till.enrol()
    bought = till.buy(member, 5000)
    assert (till.balance(member)[0], pending(till, member)) == (5, 50)
    half = take_back(till, bought, amount_minor=2500)
    assert half["clawed_back"] == {
        "credited": 27, "cancelled": 27, "taken_back": 0, "debt": 0, "forgiven": 0,
    }  # fmt: skip
    assert half["balance"] == {"available": 5, "pending": 23, "held": 0}
    rest = take_back(till, bought)["clawed_back"]
    assert (rest["cancelled"], rest["taken_back"]) == (23, 5)
    assert (till.balance(member)[0], pending(till, member)) == (0, 0)
    audit(till.database.ledger)


def test_a_return_that_waited_meets_pending_points_and_lines(till: Shop) -> None:
    """All in the commit of the purchase, of which nothing is in the database yet."""
    publish(till, BASE, DOUBLE_BREAD, pending={"days": 14})
    member = till.enrol()
    body = till.purchase(member, 2900, lines=LINES)
    named = {"program_id": till.program_id, "receipt_id": body["receipt_id"]}
    waits = till.post("/returns", named | {"lines": [{"line_id": "bread"}]}).json()
    bought = accepted(till.post("/purchases", body))
    assert (bought["points"]["pending"], bought["balance"]["pending"]) == (38, 20)
    shown = accepted(till.get(f"/returns/{waits['id']}"))
    assert (shown["status"], shown["clawed_back"]["cancelled"]) == ("applied", 18)


def test_a_return_undoes_what_the_program_remembers(till: Shop) -> None:
    card = {"id": "card", "earn": {"kind": "stamps", "per": "purchase", "card": 10, "points": 50}}
    publish(till, BASE, card, caps={"day": 1000})
    member = till.enrol()
    till.buy(member, 1000)
    before = standing(till, member)
    bought = till.buy(member, 2000)
    assert standing(till, member)["stamps"] == {"card": 2}
    take_back(till, bought, amount_minor=500)
    partly = standing(till, member)
    assert (partly["purchase_count"], partly["spend_minor"], partly["earned_points"]) == (
        2, 2500, 25,
    )  # fmt: skip
    assert sum(partly["used"].values()) == 25
    take_back(till, bought)
    assert standing(till, member) == before


def test_a_full_card_that_is_returned_is_full_but_for_its_last_stamp(till: Shop) -> None:
    card = {"id": "card", "earn": {"kind": "stamps", "per": "purchase", "card": 3, "points": 50}}
    publish(till, BASE, card)
    member = till.enrol()
    for _ in range(2):
        till.buy(member, 1000)
    full = till.buy(member, 1000)
    assert reasons(full) == {"base": 10, "card": 50}
    assert take_back(till, full)["points"]["taken_back"] == 60
    assert standing(till, member)["stamps"] == {"card": 2}
    assert reasons(till.buy(member, 1000)) == {"base": 10, "card": 50}


@pytest.mark.parametrize("claimed", [True, False])
def test_a_reward_that_was_claimed_keeps_its_stamps(till: Shop, claimed: bool) -> None:
    """Else the same last purchase could be returned and made again for coffee after coffee."""
    coffee = reward(till)
    earn = {"kind": "stamps", "per": "purchase", "card": 3, "reward": coffee}
    publish(till, BASE, {"id": "card", "earn": earn})
    member = till.enrol()
    for _ in range(2):
        till.buy(member, 1000)
    full = till.buy(member, 1000)
    [grant] = full["grants"]
    if claimed:
        accepted(till.post(f"/grants/{grant['id']}/claims"))
    assert take_back(till, full, amount_minor=1)["grants"] == []
    named = [{key: grant[key] for key in ("rule", "reward", "quantity", "text")}]
    assert take_back(till, full)["grants"] == (named if claimed else [])
    assert standing(till, member).get("stamps", {}) == ({} if claimed else {"card": 2})
    assert bool(till.buy(member, 1000)["grants"]) is not claimed


def test_the_first_purchase_is_first_again_once_it_is_back(till: Shop) -> None:
    publish(till, BASE, fixed("first", 100, when={"purchase_number": {"max": 1}}, once="ever"))
    member = till.enrol()
    bought = till.buy(member, 1000)
    assert reasons(bought) == {"base": 10, "first": 100}
    assert take_back(till, bought)["points"]["taken_back"] == 110
    assert reasons(till.buy(member, 1000)) == {"base": 10, "first": 100}


def test_a_campaign_gets_its_budget_back(till: Shop) -> None:
    publish(
        till,
        BASE,
        fixed("spring", 60, campaign="spring"),
        campaigns=[{"id": "spring", "budget_points": 100}],
    )
    member = till.enrol()
    bought = till.buy(member, 1000)
    assert reasons(till.buy(member, 1000))["spring"] == 40
    assert "spring" not in reasons(till.buy(member, 1000))
    take_back(till, bought, amount_minor=500)
    assert reasons(till.buy(member, 1000))["spring"] == 30
    take_back(till, bought)
    assert reasons(till.buy(member, 1000))["spring"] == 30


def test_carried_remainders_are_given_back(till: Shop) -> None:
    """30 and 20 made a point of 50; without the 20 the 30 are still on their way."""
    half = {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 5000}}
    publish(till, half, rounding="carry")
    member = till.enrol()
    till.buy(member, 3000)
    second = till.buy(member, 2000)
    assert second["points"]["earned"] == 1
    assert take_back(till, second)["points"]["taken_back"] == 1
    assert till.buy(member, 2000)["points"]["earned"] == 1


def test_purchases_before_any_rules_are_undone_as_they_were_counted(till: Shop) -> None:
    member = till.enrol()
    old, kept = till.buy(member, 1000), till.buy(member, 3000)
    publish(till, BASE)
    till.buy(member, 500)
    assert standing(till, member)["spend_minor"] == 4500
    take_back(till, old)
    take_back(till, kept, amount_minor=1000)
    read = standing(till, member)
    assert (read["purchase_count"], read["spend_minor"]) == (2, 2500)


def paid_with_points(till: Shop, member: str, amount_minor: int) -> dict[str, Any]:
    """A purchase of 100 euros, of which points paid a part at a point a cent."""
    body = {
        "program_id": till.program_id,
        "member_id": member,
        "currency": "EUR",
        "basket_minor": 10_000,
        "amount_minor": amount_minor,
    }
    held = accepted(till.post("/redemptions/payments", body))
    return till.buy(member, 10_000, paid_by_redemption=held["id"])


def test_case_4_cash_comes_back_as_cash_and_points_as_points(till: Shop) -> None:
    publish(
        till,
        {"id": "base", "earn": {"kind": "rate", "points": 10, "per_minor": 100}},
        spend={"points": 1, "worth_minor": 1},
        returns={"spent_points": "debt"},
    )
    member = till.enrol()
    till.buy(member, 40_000)
    bought = paid_with_points(till, member, 3000)
    earned = bought["points"]["earned"]
    assert till.balance(member) == (4000 - 3000 + earned, 0)
    third = take_back(till, bought, amount_minor=3333)
    assert third["amount"] == {
        "value_minor": 3333, "cash_minor": 2334, "gift_card_minor": 0, "points_minor": 999,
    }  # fmt: skip
    assert third["points_part"] == {"restored": 999, "expired": 0}
    assert third["points"]["taken_back"] == earned * 3333 // 10_000
    rest = take_back(till, bought)
    assert (rest["amount"]["cash_minor"], rest["amount"]["points_minor"]) == (7000 - 2334, 2001)
    assert rest["points_part"] == {"restored": 2001, "expired": 0}
    assert till.balance(member) == (4000, 0), "as if it had not been bought"
    audit(till.database.ledger)


def test_case_4_points_that_a_refund_gave_back_do_not_come_back_twice(till: Shop) -> None:
    publish(till, BASE, spend={"points": 1, "worth_minor": 1})
    member = till.enrol()
    till.buy(member, 500_000)
    bought = paid_with_points(till, member, 3000)
    redemption = next(row["id"] for row in till.records("redemptions"))
    accepted(till.post(f"/redemptions/{redemption}/refund", {"points": 2500}))
    back = take_back(till, bought, amount_minor=5000)
    assert (back["amount"]["points_minor"], back["points_part"]["restored"]) == (1500, 500)
    assert take_back(till, bought)["points_part"] == {"restored": 0, "expired": 0}


def test_case_4_what_gift_cards_paid_is_told_apart(till: Shop) -> None:
    bought = till.buy(till.enrol(), 1000, paid_with_gift_card_minor=400)
    back = take_back(till, bought, amount_minor=500)
    assert (back["amount"]["cash_minor"], back["amount"]["gift_card_minor"]) == (300, 200)


def test_a_tier_that_was_bought_and_returned_is_lost(till: Shop) -> None:
    publish(till, BASE, tiers=TIERS)
    member = till.enrol()
    till.buy(member, 9_000)
    bought = till.buy(member, 3_000)
    tier = f"/members/{member}/tier"
    assert accepted(till.get(tier))["tier"]["id"] == "silver"
    back = take_back(till, bought, amount_minor=2_500)
    assert accepted(till.get(tier))["tier"]["id"] == "bronze"
    changed = [row for row in till.records("tier_changes") if row["member_id"] == member]
    [lost] = [row for row in changed if row["reason"] == "corrected"]
    assert (lost["tier_after"], lost["source_id"]) == ("bronze", back["id"])
