"""Guests' purchases: of nobody until somebody claims them, once, by the rules of then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api_client import (
    OCCURRED_AT,
    Clock,
    Shop,
    accepted,
    another_merchant,
    open_shop,
    refused,
)
from tests.conftest import LedgerDatabase
from tests.earning_kit import BASE, fixed, publish, reasons
from tests.integration.test_coalition import join
from tests.integration.test_lives import PHONE
from tests.ledger_audit import audit, records_of

pytest_plugins = ["tests.api_client"]
DAY = 24 * 3600
LINES = [
    {"line_id": "1", "sku": "BREAD", "category": "bread", "quantity": 2, "amount_minor": 600},
    {"line_id": "2", "sku": "CAKE", "category": "cake", "amount_minor": 1400},
]


def sale(till: Shop, amount_minor: int = 3000, **terms: Any) -> dict[str, Any]:
    return {
        "program_id": till.program_id,
        "receipt_id": f"receipt-{next(till.numbers)}",
        "occurred_at": OCCURRED_AT,
        "currency": "EUR",
        "amount_minor": amount_minor,
    } | terms


def guest(till: Shop, amount_minor: int = 3000, **terms: Any) -> dict[str, Any]:
    return accepted(till.post("/guest-purchases", sale(till, amount_minor, **terms)))


def claim(till: Shop, member: str, code: str) -> dict[str, Any]:
    return {"program_id": till.program_id, "member_id": member, "claim_code": code}


def test_case_13_a_guests_purchase_is_claimed_once_by_whoever_comes_first(till: Shop) -> None:
    """FEATURES §6 case 13: guest orders claimed once."""
    bought = guest(till)
    ana, bob = till.enrol(phone=PHONE), till.enrol()
    spoken = bought["claim_code"].lower().replace("-", " ")
    answer = till.post("/guest-purchases/claims", claim(till, ana, spoken), key="claim")
    done = accepted(answer)
    assert (done["id"], done["member_id"], done["points"]["earned"]) == (bought["id"], ana, 30)
    again = till.post("/guest-purchases/claims", claim(till, ana, spoken), key="claim")
    assert again.content == answer.content
    body = claim(till, bob, bought["claim_code"])
    refused(till.post("/guest-purchases/claims", body), 409, "purchase_already_claimed")
    assert (till.balance(ana), till.balance(bob)) == ((30, 0), (0, 0))
    returned = accepted(till.post(f"/purchases/{bought['id']}/returns"))
    assert returned["points"]["taken_back"] == 30
    audit(till.database.ledger)


def test_many_who_claim_at_once_get_it_once(till: Shop) -> None:
    bought = guest(till)
    members = [till.enrol() for _ in range(8)]
    with ThreadPoolExecutor(8) as crowd:
        answers = list(
            crowd.map(
                lambda member: till.post(
                    "/guest-purchases/claims",
                    claim(till, member, bought["claim_code"]),
                    key=f"crowd-{member}",
                ),
                members,
            )
        )
    assert sorted(answer.status_code for answer in answers) == [201] + 7 * [409]
    assert sum(till.balance(member)[0] for member in members) == 30


def test_the_receipt_in_hand_is_as_good_as_its_code(till: Shop) -> None:
    body = sale(till, 1500)
    accepted(till.post("/guest-purchases", body))
    till.enrol(phone=PHONE)
    receipt = {"receipt_id": body["receipt_id"], "amount_minor": 1501}
    asked = {"program_id": till.program_id, "member": {"phone": PHONE}, "receipt": receipt}
    refused(till.post("/guest-purchases/claims", asked), 404, "unknown_guest_purchase")
    receipt["amount_minor"] = 1500
    assert accepted(till.post("/guest-purchases/claims", asked))["points"]["earned"] == 15
    refused(till.post("/purchases", till.purchase(till.enrol(), receipt_id=body["receipt_id"])),
            409, "receipt_already_recorded")  # fmt: skip
    refused(till.post("/guest-purchases", body), 409, "receipt_already_recorded")
    audit(till.database.ledger)


def test_codes_are_not_kept_and_not_guessed(till: Shop) -> None:
    bought = guest(till)
    code = bought["claim_code"].replace("-", "")
    for table in ("guest_purchases", "purchases", "idempotency"):
        for row in records_of(till.database.ledger, table):
            assert code not in str(row)
            assert bought["claim_code"] not in str(row)
    member = till.enrol()
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    for text in (wrong, "", "x" * 64, "\x00"):
        body = claim(till, member, text)
        refused(till.post("/guest-purchases/claims", body), 404, "unknown_guest_purchase")
    other = another_merchant(till)
    theirs = claim(other, other.enrol(), bought["claim_code"])
    refused(other.post("/guest-purchases/claims", theirs), 404, "unknown_guest_purchase")
    accepted(till.post("/guest-purchases/claims", claim(till, member, bought["claim_code"])))


def test_a_return_before_the_claim_ends_it(till: Shop) -> None:
    bought = guest(till)
    problem = till.post(f"/purchases/{bought['id']}/returns")
    refused(problem, 409, "purchase_unclaimed")
    path = f"/guest-purchases/{bought['id']}/cancel"
    refused(another_merchant(till).post(path), 404, "unknown_guest_purchase")
    accepted(till.post(path))
    body = claim(till, till.enrol(), bought["claim_code"])
    refused(till.post("/guest-purchases/claims", body), 409, "claim_expired")
    claimed = guest(till)
    member = till.enrol()
    accepted(till.post("/guest-purchases/claims", claim(till, member, claimed["claim_code"])))
    refused(till.post(f"/guest-purchases/{claimed['id']}/cancel"), 409, "purchase_already_claimed")
    nobody = "pur_" + 26 * "0"
    refused(till.post(f"/guest-purchases/{nobody}/cancel"), 404, "unknown_guest_purchase")
    mine = till.buy(member)
    refused(till.post(f"/guest-purchases/{mine['id']}/cancel"), 404, "unknown_guest_purchase")


@pytest.fixture
def shop_of_its_own(ledger_database: LedgerDatabase) -> Any:
    with open_shop(ledger_database, Clock()) as opened:
        yield opened


def test_a_claim_earns_by_the_version_that_was_published_then(till: Shop) -> None:
    """FEATURES §6 case 5, for guests: what is true when it is bought stays true."""
    publish(till, BASE, fixed("welcome", 5))
    bought = guest(till, 2000, lines=LINES)
    publish(till, BASE)
    member = till.enrol()
    body = claim(till, member, bought["claim_code"])
    done = accepted(till.post("/guest-purchases/claims", body))
    assert reasons(done) == {"base": 20, "welcome": 5}
    assert reasons(till.buy(member, 1000)) == {"base": 10}
    rows = {row["id"]: row["rules_version"] for row in till.records("purchases")}
    assert rows[bought["id"]] == 1
    audit(till.database.ledger)


def test_a_claim_earns_by_the_partners_terms_of_then(shop_of_its_own: Shop) -> None:
    shop = shop_of_its_own
    baker = shop
    florist = another_merchant(shop, "Fleurs")
    join(baker, florist, {"points": 2, "per_amount_minor": 100})
    florist.program_id = baker.program_id
    at_florist = guest(florist, 1000, lines=[*LINES[:1], {"line_id": "2", "amount_minor": 400}])
    join(baker, florist, {"points": 9, "per_amount_minor": 100})
    member = shop.enrol()
    body = claim(shop, member, at_florist["claim_code"])
    done = accepted(shop.post("/guest-purchases/claims", body))
    assert done["points"]["earned"] == 20
    half = {"lines": [{"line_id": "1", "quantity": 1}]}
    returned = florist.post(f"/purchases/{at_florist['id']}/returns", half)
    assert accepted(returned)["points"]["taken_back"] == 6
    audit(shop.database.ledger)


def test_a_claim_has_its_time(shop_of_its_own: Shop) -> None:
    shop = shop_of_its_own
    shop.program_id = shop.open_program(guest_claim_days=2)
    bought = guest(shop)
    member = shop.enrol()
    body = claim(shop, member, bought["claim_code"])
    accepted(shop.post(f"/members/{member}/deactivate"))
    refused(shop.post("/guest-purchases/claims", body), 409, "member_deactivated")
    accepted(shop.post(f"/members/{member}/reactivate"))
    shop.clock.forward(2 * DAY)
    refused(shop.post("/guest-purchases/claims", body), 409, "claim_expired")
    assert shop.balance(member) == (0, 0)
