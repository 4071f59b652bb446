"""Referral: both sides, pending until the purchase is final, once, and never oneself."""

from __future__ import annotations

from typing import Any

from backend.api.fields import to_rfc3339
from backend.services.release_points import ReleaseSweep
from tests.api_client import Shop, accepted, another_merchant, refused
from tests.earning_kit import pending, publish, reasons
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
DAY_S = 24 * 3600
POLICY = {
    "referrer_points": 500,
    "referee_points": 200,
    "min_purchase_minor": 2000,
    "final_after_days": 14,
}


def code_of(till: Shop, member: str) -> str:
    return str(accepted(till.post(f"/members/{member}/referral-code"))["code"])


def refer(till: Shop, newcomer: str, code: str) -> Any:
    body = {"program_id": till.program_id, "member_id": newcomer, "code": code}
    return till.post("/referrals", body)


def brought(till: Shop, **policy: int) -> tuple[str, str]:
    """A member, and a newcomer whom they brought."""
    publish(till, referral=POLICY | policy)
    ada, eve = till.enrol(), till.enrol()
    told = accepted(refer(till, eve, code_of(till, ada)))
    assert (told["referrer_id"], told["referee_id"], told["status"]) == (ada, eve, "open")
    return ada, eve


def test_who_is_away_gives_no_code_and_the_document_says_so(till: Shop) -> None:
    """Found by the fuzzer: the refusal was in no description."""
    away = till.enrol()
    accepted(till.post(f"/members/{away}/deactivate"))
    refused(till.post(f"/members/{away}/referral-code"), 409, "member_deactivated")
    paths = till.client.get("/openapi.json").json()["paths"]
    for path, method in (("referral-code", "post"), ("attributes", "put")):
        described = paths[f"/v1/members/{{member_id}}/{path}"][method]["responses"]["409"]
        examples = described["content"]["application/problem+json"]["examples"]
        assert "member_deactivated" in examples


def test_both_sides_get_theirs_when_the_purchase_is_final(till: Shop) -> None:
    ada, eve = brought(till)
    assert reasons(till.buy(eve, 1999)) == {"base": 19}, "below the minimum"
    body = till.purchase(eve, 3000)
    quoted = accepted(till.post("/purchases/quote", body))
    bought = accepted(till.post("/purchases", body))
    assert quoted == {name: bought[name] for name in quoted}
    assert reasons(bought) == {"base": 30, "referral": 200}
    assert (bought["points"]["earned"], bought["points"]["pending"]) == (30, 200)
    assert (pending(till, ada), pending(till, eve)) == (500, 200)
    assert reasons(till.buy(eve, 3000)) == {"base": 30}, "the first purchase alone"
    till.clock.forward(15 * DAY_S)
    house = till.house
    ReleaseSweep(till.database.ledger, till.clock, house.new_id, house.vault).step()
    assert (till.balance(ada)[0], till.balance(eve)[0]) == (500, 279)
    audit(till.database.ledger)


def test_a_first_purchase_that_goes_back_brings_neither_side_anything(till: Shop) -> None:
    ada, eve = brought(till)
    bought = till.buy(eve, 3000)
    half = {"amount_minor": 1000}
    accepted(till.post(f"/purchases/{bought['id']}/returns", half))
    assert pending(till, ada) == 500, "a part that goes back leaves a purchase"
    accepted(till.post(f"/purchases/{bought['id']}/returns"))
    assert (pending(till, ada), pending(till, eve)) == (0, 0)
    assert {row["state"] for row in till.records("pending_points")} == {"cancelled"}
    audit(till.database.ledger)


def test_nobody_is_referred_twice_or_by_themselves(till: Shop) -> None:
    publish(till, referral=POLICY)
    ada = till.enrol(email="ada@example.org", phone="+33612345678")
    eve, customer = till.enrol(), till.enrol()
    code = code_of(till, ada)
    assert code_of(till, ada) == code, "one code for ever"
    assert refused(refer(till, ada, code), 409, "referral_refused")["reason"] == "self"
    again = till.enrol(email="ada+bonus@example.org")
    assert refused(refer(till, again, code), 409, "referral_refused")["reason"] == "self"
    till.buy(customer)
    assert refused(refer(till, customer, code), 409, "referral_refused")["reason"] == "has_bought"
    accepted(refer(till, eve, code))
    other = code_of(till, customer)
    problem = refused(refer(till, eve, other), 409, "referral_refused")
    assert problem["reason"] == "already_referred"
    refused(refer(till, till.enrol(), "NOSUCHCODE"), 404, "unknown_referral_code")
    elsewhere = another_merchant(till)
    refused(refer(elsewhere, elsewhere.enrol(), code), 404, "unknown_referral_code")
    refused(elsewhere.post(f"/members/{ada}/referral-code"), 404, "unknown_member")


def test_a_member_is_rewarded_for_so_many_friends_at_most(till: Shop) -> None:
    publish(till, referral=POLICY | {"max_referrals": 2})
    ada = till.enrol()
    friends = [till.enrol() for _ in range(3)]
    for friend in friends:
        accepted(refer(till, friend, code_of(till, ada)))
        till.buy(friend, 2000)
    assert pending(till, ada) == 1000
    assert [pending(till, friend) for friend in friends] == [200] * 3


def test_a_friend_who_comes_too_late_comes_for_nothing(till: Shop) -> None:
    ada, eve = brought(till, within_days=10)
    till.clock.forward(11 * DAY_S)
    bought = till.buy(eve, 3000, occurred_at=to_rfc3339(till.clock.now_ms))
    assert (reasons(bought), pending(till, ada)) == ({"base": 30}, 0)
