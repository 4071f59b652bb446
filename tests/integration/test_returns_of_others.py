"""Returns where a purchase is not simply the member's and the till's: guests and partners."""

from __future__ import annotations

import pytest

from tests.api_client import Shop, accepted, another_merchant, refused
from tests.integration.test_coalition import join
from tests.integration.test_guests import claim, sale
from tests.ledger_audit import audit
from tests.returns_kit import take_back

pytest_plugins = ["tests.api_client"]


@pytest.fixture
def florist(till: Shop) -> Shop:
    """A partner in the till's program."""
    partner = another_merchant(till, "Fleurs")
    join(till, partner, {"points": 1, "per_amount_minor": 200})
    partner.program_id = till.program_id
    return partner


def test_a_return_waits_until_somebody_claims_the_guests_purchase(till: Shop) -> None:
    body = sale(till, 3000)
    named = {"program_id": till.program_id, "receipt_id": body["receipt_id"]}
    waits = till.post("/returns", named | {"amount_minor": 1000}).json()
    bought = accepted(till.post("/guest-purchases", body))
    assert accepted(till.get(f"/returns/{waits['id']}"))["status"] == "waiting"
    done = accepted(
        till.post("/guest-purchases/claims", claim(till, till.enrol(), bought["claim_code"]))
    )
    assert (done["points"]["earned"], done["balance"]["available"]) == (30, 20)
    assert accepted(till.get(f"/returns/{waits['id']}"))["status"] == "applied"
    audit(till.database.ledger)


def test_a_partner_returns_what_its_own_tills_sold(till: Shop, florist: Shop) -> None:
    member = till.enrol()
    theirs, ours = florist.buy(member, 1000), till.buy(member, 1000)
    assert take_back(florist, theirs)["points"]["taken_back"] == 5
    assert accepted(florist.get(f"/purchases/{theirs['id']}/returns"))["remaining"]["points"] == 0
    refused(florist.post(f"/purchases/{ours['id']}/returns"), 404, "unknown_purchase")
    refused(florist.get(f"/purchases/{ours['id']}/returns"), 404, "unknown_purchase")
    named = {"program_id": till.program_id, "receipt_id": ours["receipt_id"]}
    refused(florist.post("/returns", named), 409, "receipt_unknown")
    made = take_back(till, ours)
    assert accepted(till.get(f"/returns/{made['id']}"))["status"] == "applied"
    refused(florist.get(f"/returns/{made['id']}"), 404, "unknown_return")


def test_a_partners_waiting_return_takes_nothing_of_another_till(till: Shop, florist: Shop) -> None:
    member = till.enrol()
    body = till.purchase(member, 1000)
    named = {"program_id": till.program_id, "receipt_id": body["receipt_id"]}
    waits = florist.post("/returns", named)
    assert waits.status_code == 202
    accepted(till.post("/purchases", body))
    shown = accepted(florist.get(f"/returns/{waits.json()['id']}"))
    assert (shown["status"], shown["refusal"]) == ("refused", "receipt_unknown")
    assert till.balance(member) == (10, 0)
