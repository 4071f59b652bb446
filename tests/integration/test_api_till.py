"""A day at the till: what a merchant's calls answer, and what they leave behind."""

from __future__ import annotations

from typing import Any

import pytest

from backend.api.fields import to_rfc3339
from tests.api_client import HOLD_SECONDS, OCCURRED_AT, Shop, accepted, refused

pytest_plugins = ["tests.api_client"]


def test_a_purchase_answers_what_it_earned_and_why(till: Shop) -> None:
    member = till.enrol()
    body = till.purchase(member, 1177, store_id="Paris 11", channel="till")
    bought = accepted(till.post("/purchases", body))
    [operation] = bought["operation_ids"]
    assert operation.startswith("op_")
    assert bought == {
        "id": bought["id"],
        "program_id": till.program_id,
        "member_id": member,
        "receipt_id": body["receipt_id"],
        "occurred_at": "2025-12-31T17:30:00.000Z",
        "currency": "EUR",
        "amount_minor": 1177,
        "operation_ids": [operation],
        "points": {
            "earned": 11,
            "pending": 0,
            "reasons": [
                {"rule": "base", "points": 11, "text": "1 point per 1.00 EUR", "pending": False}
            ],
        },
        "grants": [],
        "balance": {"available": 11, "pending": 0, "held": 0},
        "settlement": {"status": "accepted"},
    }
    read = accepted(till.get(f"/operations/{operation}"))
    assert (read["status"], read["kind"], read["points"]) == ("accepted", "accrue", 11)
    assert (read["source_id"], read["member_id"]) == (bought["id"], member)


def test_a_purchase_that_earns_nothing_is_recorded_all_the_same(till: Shop) -> None:
    member = till.enrol()
    for amount_minor in (0, 99):
        bought = till.buy(member, amount_minor)
        assert bought["points"] == {"earned": 0, "pending": 0, "reasons": []}
        assert (bought["operation_ids"], bought["settlement"]["status"]) == ([], "none")
        back = accepted(till.post(f"/purchases/{bought['id']}/returns"))
        assert back["points"] == {"taken_back": 0, "unrecovered": 0}


@pytest.mark.parametrize("amount_minor", [0, 99, 100, 1177, 10**12])
def test_a_quote_is_the_later_purchase_and_writes_nothing(till: Shop, amount_minor: int) -> None:
    member = till.enrol()
    till.buy(member, 5000)
    till.redeem(member, 20)
    body = till.purchase(member, amount_minor)
    before = till.snapshot()
    quoted = accepted(till.post("/purchases/quote", body))
    assert till.snapshot() == before
    bought = accepted(till.post("/purchases", body))
    assert quoted == {name: bought[name] for name in quoted}
    assert quoted.keys() == {"program_id", "member_id", "points", "grants", "balance"}


def test_a_member_is_named_by_whatever_is_known_of_them(till: Shop) -> None:
    person = {
        "phone": "+33612345678",
        "email": "ada@example.org",
        "card": "A1B2",
        "external_id": "7",
    }
    member = till.enrol(**person)
    ways = [{"phone": "0033 6 12 34 56 78"}, {"email": "ADA@example.org"}, {"card": "a1-b2"},
            {"external_id": "7"}]  # fmt: skip
    for way in ways:
        body: dict[str, Any] = till.purchase(member) | {"member_id": None, "member": way}
        assert accepted(till.post("/purchases", body))["member_id"] == member
        [found] = till.get("/members", **way).json()["data"]
        assert found["id"] == member
        assert {kind: found[kind] for kind in person} == person


def test_a_person_is_found_in_every_program_or_in_one(till: Shop) -> None:
    first = till.enrol(phone="+33612345678")
    second_program = till.open_program(name="Second")
    second = till.enrol(second_program, phone="+33612345678")
    found = till.get("/members", phone="+33612345678").json()
    assert ({one["id"] for one in found["data"]}, found["has_more"]) == ({first, second}, False)
    [only] = till.get("/members", phone="+33612345678", program_id=second_program).json()["data"]
    assert only["id"] == second
    assert till.get("/members", phone="+33699999999").json()["data"] == []
    one, other = (accepted(till.get(f"/members/{member}")) for member in (first, second))
    assert one["address"] != other["address"], "nothing on chain links the two"


def test_a_phone_in_an_address_may_keep_its_plus(till: Shop) -> None:
    """`?phone=+336…` as people type it: the plus arrives as a space."""
    member = till.enrol(phone="+33612345678")
    [found] = till.request("GET", "/v1/members?phone=+33612345678").json()["data"]
    assert found["id"] == member


def test_history_goes_back_page_by_page_without_gap_or_repeat(till: Shop) -> None:
    member, other = till.enrol(), till.enrol()
    operations = []
    for number in range(1, 8):
        operations += till.buy(member, number * 100)["operation_ids"]
        till.buy(other)
    operations += till.redeem(member, 3, capture=True)["operation_ids"]
    operations.reverse()
    for limit in (1, 3, 8, 100):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = accepted(till.get(f"/members/{member}/history", limit=str(limit), **cursor))
            seen += [entry["operation_id"] for entry in page["data"]]
            if not page["has_more"]:
                break
            assert len(page["data"]) == limit
            cursor = {"starting_after": seen[-1]}
        assert seen == operations
    page = accepted(till.get(f"/members/{member}/history"))
    assert [entry["points"] for entry in page["data"]] == [-3, 7, 6, 5, 4, 3, 2, 1]
    assert page["data"][1]["reasons"] == [
        {"rule": "base", "points": 7, "text": "1 point per 1.00 EUR"}
    ]
    for wrong in ("0", "101", "-1", "x", "1.5", "9" * 30):
        refused(till.get(f"/members/{member}/history", limit=wrong), 422, "invalid_request")


def test_points_are_held_then_burned(till: Shop) -> None:
    member = till.enrol()
    till.buy(member, 10_000)
    held = till.redeem(member, 40)
    assert (held["status"], held["operation_ids"]) == ("held", [])
    assert held["balance"] == {"available": 60, "pending": 0, "held": 40}
    captured = accepted(till.post(f"/redemptions/{held['id']}/capture"))
    assert (captured["status"], len(captured["operation_ids"])) == ("captured", 1)
    assert captured["balance"] == {"available": 60, "pending": 0, "held": 0}
    assert till.balance(member) == (60, 0)


def test_a_cancelled_hold_gives_its_points_back(till: Shop) -> None:
    member = till.enrol()
    till.buy(member, 10_000)
    cancelled = accepted(till.post(f"/redemptions/{till.redeem(member, 40)['id']}/cancel"))
    assert (cancelled["status"], cancelled["operation_ids"]) == ("cancelled", [])
    assert cancelled["settlement"]["status"] == "none"
    assert till.balance(member) == (100, 0)


def test_a_hold_lapses_by_itself_at_its_time(till: Shop) -> None:
    member = till.enrol()
    till.buy(member, 10_000)
    held = till.redeem(member, 100)
    till.clock.forward(HOLD_SECONDS)
    till.clock.now_ms -= 1
    assert till.balance(member) == (0, 100)
    refused(till.post("/redemptions", till.redemption(member, 1)), 409, "insufficient_points")
    till.clock.now_ms += 1
    assert till.balance(member) == (100, 0)
    for how in ("capture", "cancel"):
        problem = refused(till.post(f"/redemptions/{held['id']}/{how}"), 409, "redemption_not_held")
        assert problem["state"] == "expired"
    assert till.redeem(member, 100, capture=True)["balance"]["available"] == 0


def test_a_return_takes_back_what_is_left(till: Shop) -> None:
    member = till.enrol()
    bought = till.buy(member, 10_000)
    till.buy(member, 1000)
    till.redeem(member, 50, capture=True)
    till.redeem(member, 40)
    back = accepted(till.post(f"/purchases/{bought['id']}/returns", {}))
    assert back["points"] == {"taken_back": 20, "unrecovered": 80}
    assert back["balance"] == {"available": 0, "pending": 0, "held": 40}
    supply = accepted(till.get(f"/programs/{till.program_id}/supply"))
    assert {name: supply[name] for name in ("minted", "redeemed", "returned", "in_flight")} == {
        "minted": 110, "redeemed": 50, "returned": 20, "in_flight": 40,
    }  # fmt: skip


def test_a_till_may_be_a_day_ahead_but_not_more(till: Shop) -> None:
    till.buy(till.enrol(), occurred_at=OCCURRED_AT)
    member = till.enrol()
    ahead = till.clock.now_ms + 24 * 3600 * 1000
    till.buy(member, occurred_at=to_rfc3339(ahead))
    late = till.purchase(member, occurred_at=to_rfc3339(ahead + 1))
    refused(till.post("/purchases", late), 422, "timestamp_invalid")


def test_a_program_answers_its_terms(till: Shop) -> None:
    body = {"name": "Café", "symbol": "CAFE", "currency": "JPY",
            "earning": {"points": 3, "per_amount_minor": 7}}  # fmt: skip
    made = accepted(till.post("/programs", body))
    assert made["earning"] == {"points": 3, "per_amount_minor": 7, "rounding": "floor"}
    assert (made["status"], made["contract_address"]) == ("deploying", None)
    assert made["hold_ttl_seconds"] == 900
    assert accepted(till.get(f"/programs/{made['id']}")) == made
    assert made in till.get("/programs").json()["data"]
    till.program_id = made["id"]
    bought = till.buy(till.enrol(), 100, currency="JPY")
    assert bought["points"]["earned"] == 42
