"""Idempotency: the same key and body give the same bytes for ever; anything else is said."""

from __future__ import annotations

import json
from typing import Any

from tests.api_client import Shop, accepted, another_merchant, open_shop, refused
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
YEAR_SECONDS = 365 * 24 * 3600


def movements(till: Shop) -> dict[str, tuple[str, Any]]:
    """A request of every kind that moves points, each of which can be done once."""
    member = till.enrol()
    returned = till.buy(member, 5000)["id"]
    till.buy(member, 9000)
    captured = till.redeem(member, 10)["id"]
    cancelled = till.redeem(member, 11)["id"]
    return {
        "purchase": ("/purchases", till.purchase(member)),
        "return": (f"/purchases/{returned}/returns", {}),
        "hold": ("/redemptions", till.redemption(member, 12)),
        "redemption": ("/redemptions", till.redemption(member, 13, capture=True)),
        "capture": (f"/redemptions/{captured}/capture", None),
        "cancel": (f"/redemptions/{cancelled}/cancel", None),
        "member": ("/members", {"program_id": till.program_id, "email": "Ada@example.org"}),
        "program": (
            "/programs",
            {"name": "P", "symbol": "P", "currency": "EUR",
             "earning": {"points": 1, "per_amount_minor": 100}},
        ),
    }  # fmt: skip


def test_a_repeated_request_gets_the_first_answer_for_ever_and_moves_nothing(till: Shop) -> None:
    first = {}
    for name, (path, body) in movements(till).items():
        first[name] = (path, body, till.post(path, body, key=f"{name}-key"))
        accepted(first[name][2])
        assert "idempotency-replayed" not in first[name][2].headers
    after = till.snapshot()
    till.clock.forward(10 * YEAR_SECONDS)
    with open_shop(till.database, till.clock, seed=till.fresh_seed()) as restarted:
        restarted.secret = till.secret
        settled = restarted.snapshot()
        for name, (path, body, answer) in first.items():
            again = restarted.post(path, body, key=f"{name}-key")
            assert (again.status_code, again.content) == (answer.status_code, answer.content)
            assert again.headers["idempotency-replayed"] == "true"
        assert restarted.snapshot() == settled
    assert settled["journal"] == after["journal"]
    audit(till.database.ledger)


def test_a_key_is_bound_to_its_request(till: Shop) -> None:
    wanted = movements(till)
    for name, (path, body) in wanted.items():
        accepted(till.post(path, body, key=f"{name}-key"))
    before = till.snapshot()
    for name in wanted:
        for other, (path, body) in wanted.items():
            if other != name:
                refused(till.post(path, body, key=f"{name}-key"), 422, "idempotency_key_reused")
    path, body = wanted["purchase"]
    for changed in ({"amount_minor": 1001}, {"channel": "web"}, {"receipt_id": "another"}):
        answer = till.post(path, body | changed, key="purchase-key")
        refused(answer, 422, "idempotency_key_reused")
    assert till.snapshot() == before


def test_how_a_body_is_written_does_not_matter(till: Shop) -> None:
    body = till.purchase(till.enrol())
    first = till.post("/purchases", body, key="k")
    rewritten = dict(reversed(body.items())) | {"channel": None, "member": None}
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json; charset=utf-8"}
    for written in (
        json.dumps(rewritten, indent=3).encode(),
        json.dumps(body).replace("receipt", "\\u0072eceipt").encode(),
    ):
        again = till.request("POST", "/v1/purchases", content=written, headers=headers)
        assert again.content == first.content


def test_a_refusal_leaves_no_record_and_the_key_stays_usable(till: Shop) -> None:
    member = till.enrol()
    body = till.redemption(member, 10)
    before = till.snapshot()
    for _ in range(2):
        problem = refused(till.post("/redemptions", body, key="k"), 409, "insufficient_points")
        assert problem["available_points"] == 0
    assert till.snapshot() == before
    till.buy(member, 1000)
    assert accepted(till.post("/redemptions", body, key="k"))["points"] == 10
    assert [row["key"] for row in till.records("idempotency")].count("k") == 1


def test_after_a_refusal_the_key_may_even_ask_for_something_else(till: Shop) -> None:
    member = till.enrol()
    refused(
        till.post("/redemptions", till.redemption(member, 1), key="k"), 409, "insufficient_points"
    )
    accepted(till.post("/purchases", till.purchase(member), key="k"))


def test_keys_of_two_merchants_have_nothing_to_do_with_each_other(till: Shop) -> None:
    other = another_merchant(till)
    mine = accepted(till.post("/purchases", till.purchase(till.enrol()), key="k"))
    theirs = accepted(other.post("/purchases", other.purchase(other.enrol()), key="k"))
    assert mine["id"] != theirs["id"]


def test_a_receipt_counts_once_whatever_the_key(till: Shop) -> None:
    member = till.enrol()
    body = till.purchase(member)
    first = accepted(till.post("/purchases", body))
    before = till.snapshot()
    problem = refused(till.post("/purchases", body), 409, "receipt_already_recorded")
    assert problem["purchase_id"] == first["id"]
    other = till.purchase(till.enrol(), receipt_id=body["receipt_id"])
    refused(till.post("/purchases", other), 409, "receipt_already_recorded")
    assert till.snapshot()["purchases"] == before["purchases"]
    till.program_id = till.open_program(name="Second")
    accepted(till.post("/purchases", till.purchase(till.enrol(), receipt_id=body["receipt_id"])))


def test_equal_purchases_on_different_receipts_are_two(till: Shop) -> None:
    member = till.enrol()
    till.buy(member)
    till.buy(member)
    assert till.balance(member) == (20, 0)


def test_any_printable_text_is_a_key(till: Shop) -> None:
    member = till.enrol()
    for key in ("a", "k" * 255, "~!@#$%^&*()_+ |{}", '"quoted"'):
        body = till.purchase(member)
        first = till.post("/purchases", body, key=key)
        accepted(first)
        assert till.post("/purchases", body, key=key).content == first.content
