"""Idempotency: the same key and body give the same bytes for ever; anything else is said."""

from __future__ import annotations

import json
from typing import Any

from tests.api_client import Shop, accepted, another_merchant, open_shop, refused
from tests.ledger_audit import audit, records_of

pytest_plugins = ["tests.api_client"]
YEAR_SECONDS = 365 * 24 * 3600


def movements(shop: Shop) -> dict[str, tuple[str, Any]]:
    """A request of every kind that moves points, each of which can be done once."""
    member = shop.enrol()
    returned = shop.buy(member, 5000)["id"]
    shop.buy(member, 9000)
    captured = shop.redeem(member, 10)["id"]
    cancelled = shop.redeem(member, 11)["id"]
    return {
        "purchase": ("/purchases", shop.purchase(member)),
        "return": (f"/purchases/{returned}/returns", {}),
        "hold": ("/redemptions", shop.redemption(member, 12)),
        "redemption": ("/redemptions", shop.redemption(member, 13, capture=True)),
        "capture": (f"/redemptions/{captured}/capture", None),
        "cancel": (f"/redemptions/{cancelled}/cancel", None),
        "member": ("/members", {"program_id": shop.program_id, "email": "Ada@example.org"}),
        "program": (
            "/programs",
            {"name": "P", "symbol": "P", "currency": "EUR",
             "earning": {"points": 1, "per_amount_minor": 100}},
        ),
    }  # fmt: skip


def test_a_repeated_request_gets_the_first_answer_for_ever_and_moves_nothing(shop: Shop) -> None:
    first = {}
    for name, (path, body) in movements(shop).items():
        first[name] = (path, body, shop.post(path, body, key=f"{name}-key"))
        accepted(first[name][2])
        assert "idempotency-replayed" not in first[name][2].headers
    after = shop.snapshot()
    shop.clock.forward(10 * YEAR_SECONDS)
    with open_shop(shop.database, shop.clock, seed="restarted") as restarted:
        restarted.secret = shop.secret
        settled = restarted.snapshot()
        for name, (path, body, answer) in first.items():
            again = restarted.post(path, body, key=f"{name}-key")
            assert (again.status_code, again.content) == (answer.status_code, answer.content)
            assert again.headers["idempotency-replayed"] == "true"
        assert restarted.snapshot() == settled
    assert settled["journal"] == after["journal"]
    audit(shop.database.ledger)


def test_a_key_is_bound_to_its_request(shop: Shop) -> None:
    wanted = movements(shop)
    for name, (path, body) in wanted.items():
        accepted(shop.post(path, body, key=f"{name}-key"))
    before = shop.snapshot()
    for name in wanted:
        for other, (path, body) in wanted.items():
            if other != name:
                refused(shop.post(path, body, key=f"{name}-key"), 422, "idempotency_key_reused")
    path, body = wanted["purchase"]
    for changed in ({"amount_minor": 1001}, {"channel": "web"}, {"receipt_id": "another"}):
        answer = shop.post(path, body | changed, key="purchase-key")
        refused(answer, 422, "idempotency_key_reused")
    assert shop.snapshot() == before


def test_how_a_body_is_written_does_not_matter(shop: Shop) -> None:
    body = shop.purchase(shop.enrol())
    first = shop.post("/purchases", body, key="k")
    rewritten = dict(reversed(body.items())) | {"channel": None, "member": None}
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json; charset=utf-8"}
    for written in (
        json.dumps(rewritten, indent=3).encode(),
        json.dumps(body).replace("receipt", "\\u0072eceipt").encode(),
    ):
        again = shop.request("POST", "/v1/purchases", content=written, headers=headers)
        assert again.content == first.content


def test_a_refusal_leaves_no_record_and_the_key_stays_usable(shop: Shop) -> None:
    member = shop.enrol()
    body = shop.redemption(member, 10)
    before = shop.snapshot()
    for _ in range(2):
        problem = refused(shop.post("/redemptions", body, key="k"), 409, "insufficient_points")
        assert problem["available_points"] == 0
    assert shop.snapshot() == before
    shop.buy(member, 1000)
    assert accepted(shop.post("/redemptions", body, key="k"))["points"] == 10
    assert [row["key"] for row in records_of(shop.database.ledger, "idempotency")].count("k") == 1


def test_after_a_refusal_the_key_may_even_ask_for_something_else(shop: Shop) -> None:
    member = shop.enrol()
    refused(
        shop.post("/redemptions", shop.redemption(member, 1), key="k"), 409, "insufficient_points"
    )
    accepted(shop.post("/purchases", shop.purchase(member), key="k"))


def test_keys_of_two_merchants_have_nothing_to_do_with_each_other(shop: Shop) -> None:
    other = another_merchant(shop)
    mine = accepted(shop.post("/purchases", shop.purchase(shop.enrol()), key="k"))
    theirs = accepted(other.post("/purchases", other.purchase(other.enrol()), key="k"))
    assert mine["id"] != theirs["id"]


def test_a_receipt_counts_once_whatever_the_key(shop: Shop) -> None:
    member = shop.enrol()
    body = shop.purchase(member)
    first = accepted(shop.post("/purchases", body))
    before = shop.snapshot()
    problem = refused(shop.post("/purchases", body), 409, "receipt_already_recorded")
    assert problem["purchase_id"] == first["id"]
    other = shop.purchase(shop.enrol(), receipt_id=body["receipt_id"])
    refused(shop.post("/purchases", other), 409, "receipt_already_recorded")
    assert len(before["purchases"]) == len(shop.snapshot()["purchases"]) == 1
    shop.program_id = shop.open_program(name="Second")
    accepted(shop.post("/purchases", shop.purchase(shop.enrol(), receipt_id=body["receipt_id"])))


def test_equal_purchases_on_different_receipts_are_two(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member)
    shop.buy(member)
    assert shop.balance(member) == (20, 0)


def test_any_printable_text_is_a_key(shop: Shop) -> None:
    member = shop.enrol()
    for key in ("a", "k" * 255, "~!@#$%^&*()_+ |{}", '"quoted"'):
        body = shop.purchase(member)
        first = shop.post("/purchases", body, key=key)
        accepted(first)
        assert shop.post("/purchases", body, key=key).content == first.content
