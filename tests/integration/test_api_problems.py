"""Every refusal: its status, its stable code, its problem document, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from backend.core import errors as core_errors
from backend.core import life_errors, spending_errors, tier_errors, webhooks
from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.operations import POINTS_MAX
from tests.api_client import Shop, refused

pytest_plugins = ["tests.api_client"]
NOBODY = "0" * 26


@dataclass
class Ask:
    """A request that will be refused; without a key given it gets one of its own."""

    path: str
    body: Any = None
    method: str = "POST"
    key: str | None = None


Case = tuple[int, str, Callable[[Shop], Ask]]


def purchase(status: int, code: str, **wrong: Any) -> Case:
    return status, code, lambda till: Ask("/purchases", till.purchase(till.enrol()) | wrong)


def program(status: int, code: str, **wrong: Any) -> Case:
    body = {
        "name": "P", "symbol": "P", "currency": "EUR", "earning": {"points": 1,
        "per_amount_minor": 100}, "hold_ttl_seconds": 60,
    }  # fmt: skip
    return status, code, lambda _: Ask("/programs", body | wrong)


def member(status: int, code: str, **known_by: Any) -> Case:
    return status, code, lambda till: Ask("/members", {"program_id": till.program_id} | known_by)


def redemption(status: int, code: str, points: int) -> Case:
    return status, code, lambda till: Ask("/redemptions", till.redemption(till.enrol(), points))


def read(status: int, code: str, path: str) -> Case:
    return status, code, lambda _: Ask(path, method="GET")


def second_purchase_on_a_receipt(till: Shop) -> Ask:
    body = till.purchase(till.enrol())
    till.post("/purchases", body)
    return Ask("/purchases", body)


def second_enrolment(till: Shop) -> Ask:
    till.enrol(phone="+33612345678")
    return Ask("/members", {"program_id": till.program_id, "phone": "0033 6 12 34 56 78"})


def enrolment_of_two_people(till: Shop) -> Ask:
    till.enrol(phone="+33612345678")
    till.enrol(email="ada@example.org")
    both = {"phone": "+33612345678", "email": "ada@example.org"}
    return Ask("/members", {"program_id": till.program_id, **both})


def second_return(till: Shop) -> Ask:
    path = f"/purchases/{till.buy(till.enrol())['id']}/returns"
    till.post(path)
    return Ask(path)


def closed_redemption(how: str) -> Callable[[Shop], Ask]:
    def ask(till: Shop) -> Ask:
        holder = till.enrol()
        till.buy(holder)
        path = f"/redemptions/{till.redeem(holder, 5)['id']}"
        till.post(f"{path}/cancel")
        return Ask(f"{path}/{how}")

    return ask


def more_than_available(till: Shop) -> Ask:
    holder = till.enrol()
    till.buy(holder, 1000)
    till.redeem(holder, 4)
    return Ask("/redemptions", till.redemption(holder, 7))


def full_balance(till: Shop) -> Ask:
    till.program_id = till.open_program(earning={"points": 1_000_000, "per_amount_minor": 1})
    holder = till.enrol()
    till.buy(holder, POINTS_MAX // 1_000_000)
    return Ask("/purchases", till.purchase(holder, 1))


def reused_key(till: Shop) -> Ask:
    till.post("/purchases", till.purchase(till.enrol()), key="spent")
    return Ask("/purchases", till.purchase(till.enrol()), key="spent")


def purchase_of_another_program(till: Shop) -> Ask:
    elsewhere = till.enrol(till.open_program(name="Second"))
    return Ask("/purchases", till.purchase(elsewhere))


def unsettled_proof(till: Shop) -> Ask:
    [operation] = till.buy(till.enrol())["operation_ids"]
    return Ask(f"/operations/{operation}/proof", method="GET")


def foreign_cursor(till: Shop) -> Ask:
    [operation] = till.buy(till.enrol())["operation_ids"]
    return Ask(f"/members/{till.enrol()}/history?starting_after={operation}", method="GET")


CASES: dict[str, Case] = {
    "amount above the most": purchase(
        422, "amount_out_of_range", amount_minor=AMOUNT_MINOR_MAX + 1
    ),
    "amount below zero": purchase(422, "amount_out_of_range", amount_minor=-1),
    "amount of 1,000 digits": purchase(422, "amount_out_of_range", amount_minor=10**1000),
    "receipt id empty": purchase(422, "receipt_id_invalid", receipt_id=""),
    "receipt id too long": purchase(422, "receipt_id_invalid", receipt_id="x" * 129),
    "receipt id unprintable": purchase(422, "receipt_id_invalid", receipt_id="a\x00b"),
    "receipt recorded already": (409, "receipt_already_recorded", second_purchase_on_a_receipt),
    "member unknown": purchase(404, "unknown_member", member_id=f"mem_{NOBODY}"),
    "member no id": purchase(404, "unknown_member", member_id="x"),
    "member with a NUL": purchase(404, "unknown_member", member_id="mem_\x00"),
    "member of another program": (404, "unknown_member", purchase_of_another_program),
    "member by unknown phone": purchase(
        404, "unknown_member", member_id=None, member={"phone": "+33699999999"}
    ),
    "member by two identifiers": purchase(
        422, "identifier_invalid", member_id=None, member={"phone": "+33699999999", "card": "1234"}
    ),
    "member by nothing": purchase(422, "identifier_invalid", member_id=None, member={}),
    "member by bad phone": purchase(
        422, "identifier_invalid", member_id=None, member={"phone": "0612345678"}
    ),
    "program unknown": purchase(404, "unknown_program", program_id=f"prg_{NOBODY}"),
    "program no id": purchase(404, "unknown_program", program_id=""),
    "program with a NUL": purchase(404, "unknown_program", program_id="prg_\x00"),
    "currency of another program": purchase(422, "currency_mismatch", currency="USD"),
    "currency unknown": purchase(422, "currency_unknown", currency="eur"),
    "currency with a NUL": purchase(422, "currency_unknown", currency="EU\x00"),
    "time in two days": purchase(422, "timestamp_invalid", occurred_at="2026-01-03T00:00:00Z"),
    "time at the end of time": purchase(
        422, "timestamp_invalid", occurred_at="9999-12-31T23:59:59-23:59"
    ),
    "time before 1970": purchase(422, "invalid_request", occurred_at="1969-12-31T23:59:59Z"),
    "time without offset": purchase(422, "invalid_request", occurred_at="2025-12-31T18:30:00"),
    "time that never was": purchase(422, "invalid_request", occurred_at="2025-02-30T18:30:00Z"),
    "balance full": (422, "points_out_of_range", full_balance),
    "store with a NUL": purchase(422, "invalid_request", store_id="a\x00"),
    "quote of too much": (
        422, "amount_out_of_range",
        lambda t: Ask("/purchases/quote", t.purchase(t.enrol(), 10**12 + 1)),
    ),
    "quote for nobody": (
        404, "unknown_member",
        lambda t: Ask("/purchases/quote", t.purchase(f"mem_{NOBODY}")),
    ),
    "redemption above the available": (409, "insufficient_points", more_than_available),
    "redemption of nothing": redemption(422, "points_out_of_range", 0),
    "redemption below nothing": redemption(422, "points_out_of_range", -5),
    "redemption above any balance": redemption(422, "points_out_of_range", POINTS_MAX + 1),
    "redemption above any number": redemption(422, "points_out_of_range", 10**1000),
    "redemption unknown": (
        404, "unknown_redemption", lambda _: Ask(f"/redemptions/red_{NOBODY}/capture"),
    ),
    "redemption no id": (404, "unknown_redemption", lambda _: Ask("/redemptions/%00/cancel")),
    "capture after cancel": (409, "redemption_not_held", closed_redemption("capture")),
    "cancel after cancel": (409, "redemption_not_held", closed_redemption("cancel")),
    "return of nothing": (
        404, "unknown_purchase", lambda _: Ask(f"/purchases/pur_{NOBODY}/returns"),
    ),
    "return of no id": (404, "unknown_purchase", lambda _: Ask("/purchases/%00/returns")),
    "second return": (409, "purchase_already_returned", second_return),
    "enrolled already": (409, "member_already_enrolled", second_enrolment),
    "two members at once": (409, "member_already_enrolled", enrolment_of_two_people),
    "enrolment by nothing": member(422, "identifier_invalid"),
    "enrolment by bad e-mail": member(422, "identifier_invalid", email="ada"),
    "enrolment by e-mail with a NUL": member(422, "identifier_invalid", email="a\x00@b.fr"),
    "enrolment by bad card": member(422, "identifier_invalid", card="12"),
    "enrolment into nothing": member(
        404, "unknown_program", program_id=f"prg_{NOBODY}", card="1234"
    ),
    "enrolment into a NUL": member(404, "unknown_program", program_id="\x00", card="1234"),
    "rule without a step": program(
        422, "rule_invalid", earning={"points": 1, "per_amount_minor": 0}
    ),
    "rule of too many points": program(
        422, "rule_invalid", earning={"points": 10**6 + 1, "per_amount_minor": 1}
    ),
    "program in no currency": program(422, "currency_unknown", currency="ZZZ"),
    "program without a name": program(422, "invalid_request", name=""),
    "program called by a NUL": program(422, "invalid_request", name="a\x00"),
    "program with a bad symbol": program(422, "invalid_request", symbol="pts"),
    "program with endless holds": program(422, "invalid_request", hold_ttl_seconds=10**9),
    "key of another request": (422, "idempotency_key_reused", reused_key),
    "proof of what is in no batch": (409, "operation_not_settled", unsettled_proof),
    "cursor of somebody else": (404, "unknown_operation", foreign_cursor),
    "read an unknown program": read(404, "unknown_program", f"/programs/prg_{NOBODY}"),
    "read a program with a NUL": read(404, "unknown_program", "/programs/%00"),
    "read the supply of a NUL": read(404, "unknown_program", "/programs/%00/supply"),
    "read an unknown member": read(404, "unknown_member", f"/members/mem_{NOBODY}"),
    "read a member with a NUL": read(404, "unknown_member", "/members/%00"),
    "read the balance of nobody": read(404, "unknown_member", "/members/x/balance"),
    "read the history of nobody": read(404, "unknown_member", "/members/x/history"),
    "read an unknown operation": read(404, "unknown_operation", f"/operations/op_{NOBODY}"),
    "read an operation with a NUL": read(404, "unknown_operation", "/operations/%00"),
    "read the proof of nothing": read(404, "unknown_operation", "/operations/x/proof"),
    "find by nothing": read(422, "identifier_invalid", "/members"),
    "find by two": read(422, "identifier_invalid", "/members?card=1234&external_id=a"),
    "find by bad phone": read(422, "identifier_invalid", "/members?phone=12"),
    "find by a NUL": read(422, "identifier_invalid", "/members?external_id=%00"),
    "nothing is there": read(404, "not_found", "/nothing"),
    "nothing is there with bad bytes": read(404, "not_found", "/%ff%fe%00"),
    "wrong method": (405, "method_not_allowed", lambda _: Ask("/purchases", {}, "DELETE")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_its_code_and_writes_nothing(till: Shop, name: str) -> None:
    try_refusal(till, CASES[name])


def try_refusal(till: Shop, case: Case) -> None:
    """The answer is the problem that is expected, and the ledger is as it was."""
    status, code, prepare = case
    ask = prepare(till)
    before = till.snapshot()
    key = ask.key or f"refused-{next(till.numbers)}"
    headers = {"Idempotency-Key": key} if ask.method == "POST" else {}
    answer = till.request(ask.method, f"/v1{ask.path}", json=ask.body, headers=headers)
    problem = refused(answer, status, code)
    assert till.snapshot() == before
    assert "Traceback" not in problem["detail"]


def leaves(family: type[core_errors.MereauError]) -> set[str]:
    """Codes of the classes without subclasses that the API answers with."""
    under = family.__subclasses__()
    if not under:
        return set() if family.of_pages else {family.code}
    return set().union(*map(leaves, under))


def leaves_in(module: ModuleType) -> set[str]:
    """Codes of the classes that a module defines."""
    defined = [each for each in vars(module).values() if isinstance(each, type)]
    refusals = [each for each in defined if issubclass(each, core_errors.MereauError)]
    return {each.code for each in refusals if each.__module__ == module.__name__}


def test_every_code_of_the_core_is_tried() -> None:
    elsewhere = {"idempotency_key_missing", "idempotency_key_invalid"}
    # What only a chain can answer: test_rights_signed, test_rights_rebind, test_consent_refusals,
    # test_confirmations.
    elsewhere |= {
        "signature_required", "signature_invalid", "signature_expired", "consent_in_flight",
        "address_in_use", "program_not_on_chain", "program_closed", "passkeys_unsupported",
        "chain_unavailable", "unknown_call", "confirmation_awaited",
    }  # fmt: skip
    # A program's terms of its own: test_api_programs; refunds: test_rights_through_the_api.
    elsewhere |= {
        "expiry_invalid", "timezone_unknown", "terms_invalid", "notice_invalid", "limit_invalid",
        "redemption_not_captured",
    }  # fmt: skip
    # Returns and refunds: test_return_problems; test_api_badges and test_badges.
    elsewhere |= {
        "return_invalid", "receipt_required", "unknown_return", "return_exceeds_purchase",
        "receipt_unknown", "return_of_another_member", "refund_exceeds_redemption",
        "badges_not_deployed", "unknown_badge", "badge_type_unknown", "badge_already_held",
        "badge_not_held",
    }  # fmt: skip
    # test_api_rewards, _vouchers, _payments, _tiers, _subscriptions, _webhooks.
    elsewhere |= leaves_in(spending_errors) | leaves_in(tier_errors) | leaves_in(webhooks)
    # test_lives, test_lives_merge, test_guests, test_coalition, test_statements.
    elsewhere |= leaves_in(life_errors)
    # test_api_rules, test_earning_events and test_earning_referral; test_adjustments.
    elsewhere |= {
        "adjustment_invalid", "unknown_adjustment",
        "basket_invalid", "unknown_rules", "rules_not_draft", "rules_retired", "event_reserved",
        "event_already_recorded", "unknown_referral_code", "referral_refused",
    }  # fmt: skip
    tried = {code for _, code, _ in CASES.values()}
    assert leaves(core_errors.MereauError) - tried == elsewhere
