"""Members' lives at the till: what they are known by, lost cards, pauses, the end."""

from __future__ import annotations

from typing import Any

import pytest

from backend.core.cards import CardCheck, check_digit, require_valid
from tests.api_client import Shop, accepted, another_merchant, refused
from tests.ledger_audit import audit, records_of, rows_of

pytest_plugins = ["tests.api_client"]
PHONE = "+33612345678"
NEVER_SEEN = "mem_" + 26 * "0"


def identify(till: Shop, **known_by: str) -> dict[str, Any]:
    """A purchase by whoever is known so, as a till would ask."""
    body = till.purchase("", 1000) | {"member": known_by}
    del body["member_id"]
    return body


def bought_by(till: Shop, **known_by: str) -> str:
    return str(accepted(till.post("/purchases", identify(till, **known_by)))["member_id"])


def luhn(body: str) -> str:
    return body + check_digit(CardCheck.LUHN, body)


def checked_program(till: Shop, check: str = "luhn") -> Shop:
    till.program_id = till.open_program(card_check=check)
    return till


def test_a_program_takes_only_cards_with_its_check_digit(till: Shop) -> None:
    checked_program(till)
    right = luhn("900000000000001")
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    body = {"program_id": till.program_id, "card": wrong}
    refused(till.post("/members", body), 422, "card_check_invalid")
    member = till.enrol(card=f"{right[:4]} {right[4:8]}-{right[8:]}")
    assert bought_by(till, card=right) == member
    later = {"card": wrong}
    refused(till.post(f"/members/{member}/identifiers", later), 422, "card_check_invalid")


@pytest.mark.parametrize("check", ["luhn", "ean13", "none"])
def test_cards_we_make_can_be_enrolled_and_shown_at_the_till(till: Shop, check: str) -> None:
    checked_program(till, check)
    made = accepted(till.post(f"/programs/{till.program_id}/cards", {"count": 25}))["cards"]
    assert len({card["number"] for card in made}) == 25
    for card in made:
        require_valid(CardCheck(check), card["number"])
    unused = identify(till, qr=made[0]["qr"])
    refused(till.post("/purchases", unused), 404, "unknown_member")
    enrolled = accepted(till.post("/members", {"program_id": till.program_id, "qr": made[0]["qr"]}))
    assert enrolled["card"] == made[0]["number"]
    assert bought_by(till, qr=made[0]["qr"]) == enrolled["id"]
    assert bought_by(till, card=made[0]["number"]) == enrolled["id"]
    assert till.records("member_identifiers") != []
    refused(till.post(f"/programs/{till.program_id}/cards", {"count": 0}), 422, "invalid_request")


def test_a_members_qr_code_works_for_a_while_and_only_as_it_is(till: Shop) -> None:
    member = till.enrol(phone=PHONE)
    shown = accepted(till.get(f"/members/{member}/qr", seconds="60"))
    body = identify(till, qr=shown["qr"])
    first = till.post("/purchases", body, key="scanned")
    assert accepted(first)["member_id"] == member
    forged = shown["qr"][:-1] + ("A" if shown["qr"][-1] != "A" else "B")
    refused(till.post("/purchases", identify(till, qr=forged)), 422, "qr_invalid")
    enrol = {"program_id": till.program_id, "qr": shown["qr"]}
    refused(till.post("/members", enrol), 422, "qr_invalid")
    till.clock.forward(60)
    refused(till.post("/purchases", identify(till, qr=shown["qr"])), 409, "qr_expired")
    again = till.post("/purchases", body, key="scanned")
    assert again.content == first.content
    both = identify(till, qr=shown["qr"], phone=PHONE)
    refused(till.post("/purchases", both), 422, "identifier_invalid")


def test_a_code_of_another_merchants_program_says_nothing_here(till: Shop) -> None:
    other = another_merchant(till)
    member = other.enrol(phone=PHONE)
    theirs = accepted(other.get(f"/members/{member}/qr"))["qr"]
    refused(till.post("/purchases", identify(till, qr=theirs)), 422, "qr_invalid")
    refused(till.get(f"/members/{member}/qr"), 404, "unknown_member")


def test_identifiers_are_added_and_each_of_them_finds_the_member(till: Shop) -> None:
    member = till.enrol(phone=PHONE)
    path = f"/members/{member}/identifiers"
    accepted(till.post(path, {"email": "ana@example.org", "card": "C-0001"}))
    shown = accepted(till.post(path, {"phone": "+33 7 00 00 00 01"}))
    assert shown["identifiers"]["phone"] == ["+33700000001", PHONE]
    for known_by in ({"phone": PHONE}, {"phone": "+33700000001"}, {"email": "ANA@example.org"},
                     {"card": "c0001"}):  # fmt: skip
        assert bought_by(till, **known_by) == member
    read = accepted(till.get(f"/members/{member}"))
    assert (read["phone"], read["email"], read["card"]) == (
        "+33700000001", "ana@example.org", "C0001",
    )  # fmt: skip
    other = till.enrol(email="bob@example.org")
    taken = refused(till.post(f"/members/{other}/identifiers", {"phone": PHONE}), 409,
                    "member_already_enrolled")  # fmt: skip
    assert taken["member_id"] == member
    refused(till.post(path, {}), 422, "identifier_invalid")
    audit(till.database.ledger)


def test_a_replaced_number_is_free_and_a_replaced_card_is_dead(till: Shop) -> None:
    member = till.enrol(phone=PHONE, card="OLD1")
    path = f"/members/{member}/identifiers"
    accepted(till.post(path, {"phone": "+33700000001", "card": "NEW1", "replace": True}))
    refused(till.post("/purchases", identify(till, phone=PHONE)), 404, "unknown_member")
    refused(till.post("/purchases", identify(till, card="OLD1")), 409, "card_blocked")
    assert till.enrol(phone=PHONE) != member
    again = {"program_id": till.program_id, "card": "OLD1"}
    refused(till.post("/members", again), 409, "card_blocked")
    assert bought_by(till, card="NEW1") == member


def test_a_lost_card_is_refused_for_ever_and_the_points_are_kept(till: Shop) -> None:
    checked_program(till)
    lost = luhn("900000000000001")
    member = till.enrol(card=lost, phone=PHONE)
    till.buy(member, 5000)
    path = f"/members/{member}/card-replacement"
    answer = till.post(path, {"lost_card": lost}, key="lost")
    done = accepted(answer)
    require_valid(CardCheck.LUHN, done["card"])
    assert (done["blocked_cards"], done["balance"]["available"]) == (1, 50)
    # Nothing is on chain in this test, so there is no address to change.
    assert (done["rebind_call_id"], done["rebind_refused"]) == (None, "program_not_on_chain")
    for path_of_points, body in (
        ("/purchases", identify(till, card=lost)),
        ("/redemptions", {"program_id": till.program_id, "member": {"card": lost}, "points": 1}),
        ("/purchases/quote", identify(till, card=lost)),
        ("/members", {"program_id": till.program_id, "card": lost}),
        (path, {"card": lost, "rebind": False}),
    ):
        refused(till.post(path_of_points, body), 409, "card_blocked")
    assert bought_by(till, card=done["card"]) == member
    assert till.post(path, {"lost_card": lost}, key="lost").content == answer.content
    refused(till.post(path, {"lost_card": "1234"}), 404, "unknown_identifier")
    steps = accepted(till.get(f"/members/{member}/changes"))["data"]
    assert [step["kind"] for step in steps] == ["card_replaced"]


def test_a_deactivated_member_keeps_everything_and_does_nothing(till: Shop) -> None:
    member = till.enrol(phone=PHONE)
    bought = till.buy(member, 5000)
    held = till.redeem(member, 10)
    assert accepted(till.post(f"/members/{member}/deactivate"))["state"] == "deactivated"
    for path, body in (
        ("/purchases", till.purchase(member)),
        ("/purchases/quote", till.purchase(member)),
        ("/redemptions", till.redemption(member, 1)),
        (f"/redemptions/{held['id']}/capture", None),
    ):
        refused(till.post(path, body), 409, "member_deactivated")
    refused(till.get(f"/members/{member}/qr"), 409, "member_deactivated")
    assert accepted(till.post(f"/purchases/{bought['id']}/returns"))["points"]["taken_back"] == 40
    assert accepted(till.post(f"/redemptions/{held['id']}/cancel"))["status"] == "cancelled"
    assert accepted(till.get(f"/members/{member}"))["state"] == "deactivated"
    till.clock.forward(1)
    assert accepted(till.post(f"/members/{member}/reactivate"))["state"] == "active"
    assert bought_by(till, phone=PHONE) == member
    steps = accepted(till.get(f"/members/{member}/changes"))["data"]
    assert [step["kind"] for step in steps] == ["reactivated", "deactivated"]


def test_closing_asks_before_it_gives_points_up(till: Shop) -> None:
    member = till.enrol(phone=PHONE)
    till.buy(member, 5000)
    held = till.redeem(member, 10)
    path = f"/members/{member}/close"
    holds = refused(till.post(path, {"forfeit_points": True}), 409, "member_has_holds")
    assert holds["held_points"] == 10
    till.post(f"/redemptions/{held['id']}/cancel")
    left = refused(till.post(path, {}), 409, "points_left")
    assert left["available_points"] == 50
    done = accepted(till.post(path, {"forfeit_points": True}))
    assert (done["state"], done["forfeited_points"], done["kept_points"]) == ("closed", 50, 0)
    assert len(done["operation_ids"]) == 1
    refused(till.post("/purchases", identify(till, phone=PHONE)), 409, "member_closed")
    for step in ("close", "deactivate", "reactivate"):
        body = {"forfeit_points": True} if step == "close" else None
        refused(till.post(f"/members/{member}/{step}", body), 409, "member_closed")
    assert accepted(till.get(f"/members/{member}"))["phone"] == PHONE
    supply = accepted(till.get(f"/programs/{till.program_id}/supply"))
    assert supply["minted"] - supply["returned"] == 0
    audit(till.database.ledger)


def captured_then_closed(till: Shop, member: str) -> str:
    till.buy(member, 5000)
    spent = till.redeem(member, 20, capture=True)
    return str(spent["id"])


def test_case_14_erased_is_gone_and_nothing_brings_it_back(till: Shop) -> None:
    """FEATURES §6 case 14: entries are kept without a name, replays do not resurrect."""
    enrolment = {"program_id": till.program_id, "phone": PHONE, "card": "LOST1"}
    member = accepted(till.post("/members", enrolment, key="enrol-ana"))["id"]
    body = till.purchase(member, 5000)
    bought = accepted(till.post("/purchases", body, key="sale"))
    redemption = till.redeem(member, 20, capture=True)["id"]
    done = accepted(till.post(f"/members/{member}/erase", {"forfeit_points": True}, key="erase"))
    assert (done["erased"], done["forfeited_points"]) == (True, 30)
    shown = accepted(till.get(f"/members/{member}"))
    assert (shown["state"], shown["erased"], shown["phone"], shown["card"]) == (
        "closed", True, None, None,
    )  # fmt: skip
    for table in ("member_vault", "member_identifiers", "member_birthdays"):
        kept = [r for r in records_of(till.database.ledger, table) if r["member_id"] == member]
        assert kept == [], table
    before = rows_of(till.database.ledger)
    refused(till.post("/members", enrolment, key="enrol-ana"), 404, "unknown_member")
    refused(till.post("/purchases", identify(till, phone=PHONE)), 404, "unknown_member")
    refused(till.post("/purchases", identify(till, card="LOST1")), 409, "card_blocked")
    refused(till.post("/purchases", body), 409, "member_closed")
    assert accepted(till.post("/purchases", body, key="sale")) == bought
    refused(till.post(f"/redemptions/{redemption}/refund"), 409, "member_closed")
    refused(till.post(f"/members/{member}/identifiers", {"phone": PHONE}), 409, "member_closed")
    assert rows_of(till.database.ledger) == before
    returned = accepted(till.post(f"/purchases/{bought['id']}/returns"))
    assert returned["points"] == {"taken_back": 0, "unrecovered": 50}
    history = accepted(till.get(f"/members/{member}/history"))["data"]
    assert [entry["kind"] for entry in history] == ["adjust_debit", "redeem", "accrue"]
    fresh = accepted(till.post("/members", {"program_id": till.program_id, "phone": PHONE}))
    assert fresh["id"] != member
    assert till.balance(fresh["id"]) == (0, 0)
    audit(till.database.ledger)


def test_a_closed_member_can_still_be_erased(till: Shop) -> None:
    member = till.enrol(phone=PHONE)
    accepted(till.post(f"/members/{member}/close", {}))
    assert accepted(till.post(f"/members/{member}/erase", {}))["erased"]
    refused(till.post(f"/members/{NEVER_SEEN}/erase", {}), 404, "unknown_member")


def test_a_persons_memberships_in_a_merchants_programs_are_found(till: Shop) -> None:
    """003-100: several programs of one merchant."""
    first = till.enrol(phone=PHONE, card="A111")
    till.buy(first, 2000)
    club = till.open_program(name="Club")
    second = till.enrol(club, phone=PHONE)
    by_card = till.open_program(name="Cards")
    third = till.enrol(by_card, card="A111")
    till.enrol(till.open_program(name="Nobody"), phone="+33600000000")
    other = another_merchant(till)
    other.enrol(phone=PHONE)
    found = accepted(till.get(f"/members/{first}/memberships"))["data"]
    assert {(one["member_id"], one["program_id"], one["available"]) for one in found} == {
        (first, till.program_id, 20), (second, club, 0), (third, by_card, 0),
    }  # fmt: skip
    assert len(accepted(till.get("/members", phone=PHONE))["data"]) == 2
