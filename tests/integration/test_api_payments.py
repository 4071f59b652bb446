"""Paying with points: what a basket takes of them, holds that pay, and captures of a part."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_client import HOLD_SECONDS, Shop, accepted, refused
from tests.integration.spending_kit import claim, publish_spending, reward
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
on_sqlite = pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)


@pytest.fixture
def member(till: Shop) -> str:
    """Somebody with 1000 points, 100 of which pay 1 euro, at most half of a basket."""
    member_id = till.enrol()
    till.buy(member_id, 100_000)
    publish_spending(till, points=100, worth_minor=100, min_points=200, max_share_percent=50)
    return member_id


def basket(till: Shop, member_id: str, basket_minor: int, **terms: Any) -> dict[str, Any]:
    body = {"program_id": till.program_id, "member_id": member_id, "currency": "EUR"}
    return body | {"basket_minor": basket_minor} | terms


def quote(till: Shop, member_id: str, basket_minor: int) -> dict[str, Any]:
    body = basket(till, member_id, basket_minor)
    return accepted(till.post("/redemptions/payments/quote", body))


def pay(till: Shop, member_id: str, basket_minor: int, **terms: Any) -> dict[str, Any]:
    body = basket(till, member_id, basket_minor, **terms)
    return accepted(till.post("/redemptions/payments", body))


def test_points_pay_part_of_a_basket_and_a_capture_of_less_frees_the_rest(
    till: Shop, member: str
) -> None:
    offered = quote(till, member, 1500)
    assert (offered["points"], offered["amount_minor"]) == (750, 750)
    assert (offered["left_to_pay_minor"], offered["refused_for"]) == (750, None)
    held = pay(till, member, 1500, amount_minor=600)
    assert (held["points"], held["payment"]["amount_minor"]) == (600, 600)
    assert till.balance(member) == (400, 600)
    path = f"/redemptions/{held['id']}/capture"
    refused(till.post(path, {"amount_minor": 601}), 409, "payment_mismatch")
    refused(till.post(path, {"points": 601}), 422, "points_out_of_range")
    captured = accepted(till.post(path, {"amount_minor": 450}))
    assert (captured["points"], captured["payment"]["amount_minor"]) == (450, 450)
    assert captured["balance"] == {"available": 550, "pending": 0, "held": 0}
    refund = accepted(till.post(f"/redemptions/{held['id']}/refund"))
    assert refund["points"] == {"restored": 450, "expired": 0}
    assert till.balance(member) == (1000, 0)
    audit(till.database.ledger)


@on_sqlite
def test_a_hold_of_plain_points_is_captured_in_part_too(till: Shop, member: str) -> None:
    held = till.redeem(member, 30)
    path = f"/redemptions/{held['id']}/capture"
    refused(till.post(path, {"points": 0}), 422, "points_out_of_range")
    refused(till.post(path, {"amount_minor": 5}), 409, "payment_mismatch")
    assert accepted(till.post(path, {"points": 12}))["points"] == 12
    assert till.balance(member) == (988, 0)
    refused(till.post(path, {"points": 12}), 409, "redemption_not_held")


@on_sqlite
@pytest.mark.parametrize(
    ("basket_minor", "amount_minor", "reason"),
    [(300, 150, "below_minimum"), (1000, 501, "above_share"), (1000, 0, "nothing_to_pay")],
)
def test_the_policy_refuses_with_its_reason(
    till: Shop, member: str, basket_minor: int, amount_minor: int, reason: str
) -> None:
    body = basket(till, member, basket_minor, amount_minor=amount_minor)
    problem = refused(till.post("/redemptions/payments", body), 409, "payment_refused")
    assert problem["reason"] == reason
    assert till.balance(member) == (1000, 0)


@on_sqlite
def test_a_pot_is_spendable_from_its_threshold(till: Shop) -> None:
    publish_spending(till, points=1, worth_minor=1, threshold_points=1000)
    member = till.enrol()
    till.buy(member, 99_900)
    assert quote(till, member, 5000)["refused_for"] == "below_threshold"
    refused(till.post("/redemptions/payments", basket(till, member, 5000)), 409, "payment_refused")
    till.buy(member, 100)
    assert quote(till, member, 5000)["amount_minor"] == 1000
    assert pay(till, member, 700, capture=True)["payment"]["amount_minor"] == 700
    assert till.balance(member) == (300, 0)


@on_sqlite
def test_more_points_than_there_are_and_points_that_buy_no_whole_cent(till: Shop) -> None:
    publish_spending(till, points=3, worth_minor=2)
    member = till.enrol()
    till.buy(member, 10_000)
    assert (quote(till, member, 1000)["points"], quote(till, member, 1000)["amount_minor"]) == (
        99,
        66,
    )
    body = basket(till, member, 1000, points=100)
    refused(till.post("/redemptions/payments", body), 409, "payment_mismatch")
    body = basket(till, member, 1000, amount_minor=100)
    refused(till.post("/redemptions/payments", body), 409, "insufficient_points")
    assert pay(till, member, 1000, points=99)["payment"]["amount_minor"] == 66


@on_sqlite
def test_a_claim_closes_its_redemption_and_nobody_else_does(till: Shop, member: str) -> None:
    held = claim(till, reward(till), member, capture=False)
    for step in ("capture", "cancel"):
        path = f"/redemptions/{held['redemption_id']}/{step}"
        assert refused(till.post(path), 409, "redemption_of_claim")["claim_id"] == held["id"]
    accepted(till.post(f"/claims/{held['id']}/capture"))
    path = f"/redemptions/{held['redemption_id']}/refund"
    refused(till.post(path), 409, "redemption_of_claim")


@on_sqlite
def test_a_program_that_says_nothing_of_it_takes_no_payment(till: Shop) -> None:
    member = till.enrol()
    body = basket(till, member, 1000)
    refused(till.post("/redemptions/payments/quote", body), 409, "payment_not_offered")
    refused(till.post("/redemptions/payments", body), 409, "payment_not_offered")
    publish_spending(till, points=1, worth_minor=1)
    body["currency"] = "USD"
    refused(till.post("/redemptions/payments", body), 422, "currency_mismatch")


def test_a_purchase_that_names_its_payment_captures_it_and_a_return_gives_it_back(
    till: Shop, member: str
) -> None:
    held = pay(till, member, 1500, amount_minor=600)
    bought = till.buy(member, 1500, paid_by_redemption=held["id"])
    assert bought["points"]["earned"] == 9
    assert bought["balance"] == {"available": 409, "pending": 0, "held": 0}
    redemptions = till.records("point_payments")
    assert [row["purchase_id"] for row in redemptions] == [bought["id"]]
    again = till.purchase(member, 1500, paid_by_redemption=held["id"])
    problem = refused(till.post("/purchases", again), 409, "payment_mismatch")
    assert problem["reason"] == "paid_another"
    returned = accepted(till.post(f"/purchases/{bought['id']}/returns", {"amount_minor": 750}))
    assert returned["points_part"]["restored"] == 300
    returned = accepted(till.post(f"/purchases/{bought['id']}/returns"))
    assert returned["points_part"]["restored"] == 300
    assert till.balance(member) == (1000, 0)
    audit(till.database.ledger)


@on_sqlite
def test_what_a_purchase_cannot_be_paid_by(till: Shop, member: str) -> None:
    def try_to_pay(redemption_id: str, amount_minor: int = 1500, **terms: Any) -> Any:
        body = till.purchase(member, amount_minor, paid_by_redemption=redemption_id) | terms
        quoted = till.post("/purchases/quote", body)
        bought = till.post("/purchases", body)
        assert quoted.json()["code"] == bought.json()["code"]
        return bought

    plain = till.redeem(member, 10)["id"]
    assert refused(try_to_pay(plain), 409, "payment_mismatch")["reason"] == "no_payment"
    held = pay(till, member, 1500, amount_minor=600)["id"]
    assert refused(try_to_pay(held, 599), 409, "payment_mismatch")["reason"] == "amount"
    refused(try_to_pay(held, paid_with_points_minor=1), 422, "invalid_request")
    for nobody in ("", "red_\x00", "red_" + "0" * 26):
        refused(try_to_pay(nobody), 404, "unknown_redemption")
    other = till.enrol()
    body = till.purchase(other, 1500, paid_by_redemption=held)
    refused(till.post("/purchases", body), 404, "unknown_redemption")
    till.clock.forward(HOLD_SECONDS)
    refused(try_to_pay(held), 409, "redemption_not_held")
    captured = pay(till, member, 1500, amount_minor=600, capture=True)["id"]
    assert till.buy(member, 1500, paid_by_redemption=captured)["points"]["earned"] == 9
    assert till.balance(member) == (409, 0)
