"""Whatever is sent twice happens once (FEATURES §6 case 6)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api_client import Shop, accepted, refused
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
YEAR_S = 366 * 24 * 3600


def moves(till: Shop) -> dict[str, tuple[str, Any]]:
    """Every kind of request here that moves points, on members of its own."""
    member, twin, leaver = till.enrol(), till.enrol(), till.enrol(card="REPLAY1")
    for one in (member, twin, leaver):
        till.buy(one, 10_000)
    guest = {
        "program_id": till.program_id,
        "receipt_id": f"guest-{next(till.numbers)}",
        "occurred_at": "2025-12-31T18:30:00+01:00",
        "currency": "EUR",
        "amount_minor": 700,
    }
    bought = till.buy(member, 3000)
    return {
        "purchase": ("/purchases", till.purchase(member)),
        "redemption": ("/redemptions", till.redemption(member, 5, capture=True)),
        "return": (f"/purchases/{bought['id']}/returns", {}),
        "guest": ("/guest-purchases", guest),
        "card": (f"/members/{leaver}/card-replacement", {"rebind": False}),
        "merge": (f"/members/{twin}/merge", {"into_member_id": member}),
        "close": (f"/members/{leaver}/close", {"forfeit_points": True}),
    }


def test_case_06_the_same_key_gives_the_same_answer_for_ever_and_no_second_effect(
    till: Shop,
) -> None:
    for name, (path, body) in moves(till).items():
        key = f"replay-{name}"
        first = till.post(path, body, key=key)
        assert first.status_code in {200, 201}, first.text
        before = till.snapshot()
        again = till.post(path, body, key=key)
        assert (again.status_code, again.content) == (first.status_code, first.content), name
        assert again.headers["idempotency-replayed"] == "true"
        other = body | {"surprise": 1} if name == "return" else {**body, "amount_minor": 1}
        conflict = till.post(path, other, key=key)
        assert conflict.json()["code"] in {"idempotency_key_reused", "invalid_request"}, name
        assert till.snapshot() == before, name
    till.clock.forward(YEAR_S)
    purchase = next(row for row in till.records("idempotency") if row["key"] == "replay-purchase")
    assert purchase["status_code"] == 201
    audit(till.database.ledger)


def test_case_06_a_receipt_counts_once_for_ever_whatever_its_key(till: Shop) -> None:
    body = till.purchase(till.enrol())
    first = accepted(till.post("/purchases", body))
    till.clock.forward(YEAR_S)
    known = refused(till.post("/purchases", body), 409, "receipt_already_recorded")
    assert known["purchase_id"] == first["id"]
    audit(till.database.ledger)


@pytest.mark.parametrize("count", [50])
def test_case_06_fifty_copies_of_a_request_at_once_are_one(till: Shop, count: int) -> None:
    member = till.enrol()
    till.buy(member, 10_000)
    sale, spent = till.purchase(member, 5000), till.redemption(member, 60, capture=True)
    with ThreadPoolExecutor(8) as crowd:
        sold = list(crowd.map(lambda _: till.post("/purchases", sale, key="one"), range(count)))
        paid = list(crowd.map(lambda _: till.post("/redemptions", spent, key="two"), range(count)))
    assert len({answer.content for answer in sold}) == len({answer.content for answer in paid}) == 1
    assert till.balance(member) == (90, 0)
    audit(till.database.ledger)
