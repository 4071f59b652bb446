"""Returns at the till: FEATURES §6 cases 1 to 5 and 15, and what fifty tills at once come to."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from tests.api_client import Shop, accepted, refused
from tests.integration.test_ledger_parallel import together
from tests.ledger_audit import audit
from tests.returns_kit import judge_returns_by, take_back, total

pytest_plugins = ["tests.api_client"]


def debt_of(till: Shop, member: str) -> int:
    """As the balance shows it, which the register has to add up to."""
    shown = accepted(till.get(f"/members/{member}/balance"))["debt"]
    rows = [row for row in till.records("member_debts") if row["member_id"] == member]
    assert sum(row["points"] for row in rows) == shown >= 0
    return int(shown)


def test_case_1_a_full_refund_takes_back_exactly_what_was_credited(till: Shop) -> None:
    member = till.enrol()
    till.buy(member, 4200)
    bought = till.buy(member, 1177)
    back = take_back(till, bought)
    assert back["points"] == {"taken_back": 11, "unrecovered": 0}
    assert back["clawed_back"] == {
        "credited": 11, "cancelled": 0, "taken_back": 11, "debt": 0, "forgiven": 0,
    }  # fmt: skip
    assert back["amount"] == {
        "value_minor": 1177, "cash_minor": 1177, "gift_card_minor": 0, "points_minor": 0,
    }  # fmt: skip
    assert back["remaining"] == {"amount_minor": 0, "points": 0}
    [operation] = back["operation_ids"]
    read = accepted(till.get(f"/operations/{operation}"))
    assert (read["kind"], read["points"], read["source_id"]) == ("return", -11, back["id"])
    again = refused(
        till.post(f"/purchases/{bought['id']}/returns"), 409, "purchase_already_returned"
    )
    assert again["return_id"] == back["id"]
    assert till.balance(member) == (42, 0)


def test_case_2_spent_points_are_forgiven_where_nothing_else_is_said(till: Shop) -> None:
    member = till.enrol()
    bought = till.buy(member, 10_000)
    till.redeem(member, 70, capture=True)
    back = take_back(till, bought)
    assert back["clawed_back"] | {"credited": 0, "cancelled": 0} == {
        "credited": 0, "cancelled": 0, "taken_back": 30, "debt": 0, "forgiven": 70,
    }  # fmt: skip
    assert till.buy(member, 500)["balance"]["available"] == 5, "nothing is owed"
    assert debt_of(till, member) == 0


def test_case_2_pending_only_takes_nothing_that_can_be_spent(till: Shop) -> None:
    judge_returns_by(till, {"spent_points": "pending_only"})
    member = till.enrol()
    bought = till.buy(member, 10_000)
    back = take_back(till, bought)
    assert (back["points"]["taken_back"], back["clawed_back"]["forgiven"]) == (0, 100)
    assert till.balance(member) == (100, 0)


def test_case_2_a_debt_is_made_up_by_later_earnings(till: Shop) -> None:
    judge_returns_by(till, {"spent_points": "debt"})
    member = till.enrol()
    bought = till.buy(member, 10_000)
    till.redeem(member, 70, capture=True)
    back = take_back(till, bought)
    assert (back["points"], back["clawed_back"]["debt"]) == (
        {"taken_back": 30, "unrecovered": 70}, 70,
    )  # fmt: skip
    assert (till.balance(member), debt_of(till, member)) == ((0, 0), 70)
    body = till.purchase(member, 4000)
    quoted = accepted(till.post("/purchases/quote", body))
    later = accepted(till.post("/purchases", body))
    assert quoted["balance"] == later["balance"]
    assert later["points"]["earned"] == 40, "the earning itself is journalled in full"
    assert (later["balance"]["available"], debt_of(till, member)) == (0, 30)
    assert till.buy(member, 5000)["balance"]["available"] == 20
    assert debt_of(till, member) == 0
    page = accepted(till.get(f"/members/{member}/history"))["data"]
    assert [(entry["kind"], entry["points"]) for entry in page[:4]] == [
        ("return", -30), ("accrue", 50), ("return", -40), ("accrue", 40),
    ]  # fmt: skip
    audit(till.database.ledger)


def test_points_that_are_refunded_make_up_a_debt_too(till: Shop) -> None:
    """Else returning the purchase first and then the reward would leave its points."""
    judge_returns_by(till, {"spent_points": "debt"})
    member = till.enrol()
    bought = till.buy(member, 10_000)
    reward = till.redeem(member, 100, capture=True)
    take_back(till, bought)
    refund = accepted(till.post(f"/redemptions/{reward['id']}/refund", {"points": 60}))
    assert (refund["points"], refund["remaining"]) == ({"restored": 60, "expired": 0}, 40)
    assert (refund["balance"]["available"], debt_of(till, member)) == (0, 40)
    accepted(till.post(f"/redemptions/{reward['id']}/refund"))
    assert (till.balance(member), debt_of(till, member)) == ((0, 0), 0)


def test_held_points_are_not_taken_and_become_a_debt(till: Shop) -> None:
    judge_returns_by(till, {"spent_points": "debt"})
    member = till.enrol()
    bought = till.buy(member, 10_000)
    held = till.redeem(member, 40)
    assert take_back(till, bought)["clawed_back"]["debt"] == 40
    assert till.balance(member) == (0, 40)
    cancelled = accepted(till.post(f"/redemptions/{held['id']}/cancel"))
    assert cancelled["balance"]["available"] == 40, "a hold is no earning: what it gives stays"
    assert debt_of(till, member) == 40


def test_case_3_partial_returns_add_up_and_never_pass_the_whole(till: Shop) -> None:
    member = till.enrol()
    bought = till.buy(member, 1177)
    taken, left = [], 1177
    for amount in (15, 300, 400, 400, 62):
        back = take_back(till, bought, amount_minor=amount)
        left -= amount
        taken.append(back["points"]["taken_back"])
        assert back["remaining"] == {"amount_minor": left, "points": 11 - sum(taken)}
    assert (taken, left) == ([0, 2, 4, 4, 1], 0)
    for more in ({"amount_minor": 1}, {}):
        path = f"/purchases/{bought['id']}/returns"
        refused(till.post(path, more), 409, "purchase_already_returned")
    listed = accepted(till.get(f"/purchases/{bought['id']}/returns"))
    assert [one["clawed_back"]["taken_back"] for one in listed["data"]] == taken
    assert listed["remaining"] == {"amount_minor": 0, "points": 0}
    assert till.balance(member) == (0, 0)


def test_case_3_each_partial_return_has_a_key_of_its_own(till: Shop) -> None:
    member = till.enrol()
    bought = till.buy(member, 1000)
    path = f"/purchases/{bought['id']}/returns"
    first = till.post(path, {"amount_minor": 300}, key="first")
    again = till.post(path, {"amount_minor": 300}, key="first")
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert till.balance(member) == (7, 0)
    refused(till.post(path, {"amount_minor": 301}, key="first"), 422, "idempotency_key_reused")
    accepted(till.post(path, {"amount_minor": 300}, key="second"))
    assert till.balance(member) == (4, 0)
    exceeded = refused(till.post(path, {"amount_minor": 401}), 409, "return_exceeds_purchase")
    assert exceeded["remaining_amount_minor"] == 400


def test_the_rest_goes_back_without_being_named(till: Shop) -> None:
    bought = till.buy(till.enrol(), 1177)
    take_back(till, bought, amount_minor=177)
    rest = take_back(till, bought)
    assert rest["amount"]["value_minor"] == 1000
    assert rest["points"]["taken_back"] == 10


def test_case_5_a_policy_of_today_does_not_judge_a_purchase_of_yesterday(till: Shop) -> None:
    member = till.enrol()
    forgiving = till.buy(member, 1000)
    judge_returns_by(till, {"spent_points": "debt"})
    strict = till.buy(member, 1000)
    till.redeem(member, 20, capture=True)
    assert take_back(till, forgiving)["clawed_back"]["forgiven"] == 10
    assert take_back(till, strict)["clawed_back"]["debt"] == 10


def test_case_15_a_return_ahead_of_its_purchase_waits_for_it(till: Shop) -> None:
    member = till.enrol()
    body = till.purchase(member, 1000)
    waits = till.post("/returns", {"program_id": till.program_id, "receipt_id": body["receipt_id"],
                                   "member_id": member, "amount_minor": 400}, key="w")  # fmt: skip
    assert waits.status_code == 202
    said = waits.json()
    assert (said["status"], said["receipt_id"]) == ("waiting", body["receipt_id"])
    shown = accepted(till.get(f"/returns/{said['id']}"))
    assert (shown["status"], shown["purchase_id"], shown["amount"]) == ("waiting", None, None)
    bought = accepted(till.post("/purchases", body))
    assert (bought["points"]["earned"], bought["balance"]["available"]) == (10, 6)
    shown = accepted(till.get(f"/returns/{said['id']}"))
    assert (shown["status"], shown["purchase_id"]) == ("applied", bought["id"])
    assert shown["clawed_back"]["taken_back"] == 4
    again = till.post("/returns", {"program_id": till.program_id, "receipt_id": body["receipt_id"],
                                   "member_id": member, "amount_minor": 400}, key="w")  # fmt: skip
    assert (again.status_code, again.content) == (202, waits.content)
    assert till.balance(member) == (6, 0)
    audit(till.database.ledger)


def test_case_15_returns_of_one_receipt_wait_together_until_it_is_all_back(till: Shop) -> None:
    member = till.enrol()
    body = till.purchase(member, 1000)
    named = {"program_id": till.program_id, "receipt_id": body["receipt_id"]}
    waiting = [
        till.post("/returns", named | {"amount_minor": amount}).json()["id"]
        for amount in (600, 600, 400)
    ]
    accepted(till.post("/purchases", body))
    shown = [accepted(till.get(f"/returns/{one}")) for one in waiting]
    # Made in the same millisecond, they have no order; whichever fits is applied.
    assert Counter(one["status"] for one in shown) == {"applied": 2, "refused": 1}
    [out] = [one for one in shown if one["status"] == "refused"]
    assert out["refusal"] in {"return_exceeds_purchase", "purchase_already_returned"}
    assert till.balance(member) == (0, 0)
    assert {row["waiting_returns"] for row in till.records("program_totals")} == {0}


def test_case_15_a_return_for_another_member_is_refused(till: Shop) -> None:
    member, other = till.enrol(), till.enrol()
    bought = till.buy(member, 1000)
    named = {"program_id": till.program_id, "receipt_id": bought["receipt_id"]}
    wrong = till.post("/returns", named | {"member_id": other})
    refused(wrong, 409, "return_of_another_member")
    body = till.purchase(member, 1000)
    ahead = till.post(
        "/returns",
        {"program_id": till.program_id, "receipt_id": body["receipt_id"], "member_id": other},
    ).json()
    accepted(till.post("/purchases", body))
    shown = accepted(till.get(f"/returns/{ahead['id']}"))
    assert (shown["status"], shown["refusal"]) == ("refused", "return_of_another_member")
    assert till.balance(member) == (20, 0), "the purchase stands"
    assert accepted(till.post("/returns", named | {"member_id": member}))["points"] == {
        "taken_back": 10, "unrecovered": 0,
    }  # fmt: skip


def test_case_15_a_program_can_refuse_returns_of_unknown_receipts(till: Shop) -> None:
    judge_returns_by(till, {"unknown_receipt": "refuse"})
    named = {"program_id": till.program_id, "receipt_id": "nobody-knows"}
    before = till.snapshot()
    refused(till.post("/returns", named), 409, "receipt_unknown")
    assert till.snapshot() == before


def test_case_15_a_return_without_a_receipt_is_refused(till: Shop) -> None:
    refused(till.post("/returns", {"program_id": till.program_id}), 422, "receipt_required")


def test_two_names_of_a_member_are_one_too_many(till: Shop) -> None:
    body = {"program_id": till.program_id, "receipt_id": "r", "member_id": till.enrol(),
            "member": {"external_id": "a"}}  # fmt: skip
    refused(till.post("/returns", body), 422, "return_invalid")


def test_fifty_partial_returns_at_once_take_back_at_most_the_whole(till: Shop) -> None:
    member = till.enrol()
    till.buy(member, 5000)
    bought = till.buy(member, 1177)
    path = f"/purchases/{bought['id']}/returns"
    answers = together(*[(till, path, {"amount_minor": 100}, f"p{n}") for n in range(50)])
    assert Counter(answer.status_code for answer in answers) == {201: 11, 409: 39}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {
        "return_exceeds_purchase"
    }
    taken = [a.json()["points"]["taken_back"] for a in answers if a.status_code == 201]
    assert sum(taken) == 11 * 1100 // 1177
    take_back(till, bought)
    assert till.balance(member) == (50, 0)
    audit(till.database.ledger)


def test_the_same_return_fifty_times_at_once_is_one(till: Shop) -> None:
    bought = till.buy(till.enrol(), 1000)
    path = f"/purchases/{bought['id']}/returns"
    answers = together(*[(till, path, {"amount_minor": 500}, "same")] * 50)
    assert {(a.status_code, a.content) for a in answers} == {(201, answers[0].content)}
    assert len(till.records("purchase_returns")) == 1


def test_a_purchase_and_its_waiting_returns_at_once_come_to_the_same(till: Shop) -> None:
    """Whichever is first in the group, and in whichever order the rest follows."""
    member = till.enrol()
    body = till.purchase(member, 1000)
    named = {"program_id": till.program_id, "receipt_id": body["receipt_id"]}
    asked: list[tuple[Shop, str, Any, str]] = [
        (till, "/returns", named | {"amount_minor": 100}, f"w{n}") for n in range(12)
    ]
    asked.insert(6, (till, "/purchases", body, "the purchase"))
    random.Random(5).shuffle(asked)
    answers = together(*asked)
    assert {a.status_code for a in answers} <= {201, 202, 409}
    assert till.balance(member) == (0, 0)
    rows = till.records("purchase_returns")
    assert (len(rows), total(rows, "value_minor"), total(rows, "points")) == (10, 1000, 10)
    assert {row["waiting_returns"] for row in till.records("program_totals")} == {0}
    audit(till.database.ledger)
