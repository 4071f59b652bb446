"""Who may do what: keys where points move, and nothing of another merchant's, not even a hint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api_client import Shop, accepted, another_merchant, refused

pytest_plugins = ["tests.api_client"]
NOBODY = "0" * 26


@dataclass
class Ask:
    """A request about one thing."""

    path: str
    body: Any = None
    method: str = "POST"


MOVES = ["/purchases", "/purchases/pur_x/returns", "/redemptions", "/redemptions/red_x/capture",
         "/redemptions/red_x/cancel", "/redemptions/red_x/refund", "/returns"]  # fmt: skip


@pytest.mark.parametrize("path", MOVES)
def test_where_points_move_a_key_is_required(till: Shop, path: str) -> None:
    bodies = {
        "/purchases": till.purchase(till.enrol()),
        "/redemptions": till.redemption(till.enrol(), 1),
        "/returns": {"program_id": till.program_id, "receipt_id": "a"},
    }
    before = till.snapshot()
    missing = till.request("POST", f"/v1{path}", json=bodies.get(path))
    refused(missing, 400, "idempotency_key_missing")
    for key in ("", "k" * 256, "a\tb", "\xe9", "a\x7fb"):
        headers = {b"Idempotency-Key": key.encode("latin-1")}
        wrong = till.client.post(
            f"/v1{path}",
            json=bodies.get(path),
            headers={b"Authorization": f"Bearer {till.secret}".encode(), **headers},
        )
        refused(wrong, 400, "idempotency_key_invalid")
    assert till.snapshot() == before


@pytest.mark.parametrize("path", ["/programs", "/members", "/purchases/quote"])
def test_elsewhere_a_key_is_not_required(till: Shop, path: str) -> None:
    bodies = {
        "/programs": {"name": "P", "symbol": "P", "currency": "EUR",
                      "earning": {"points": 1, "per_amount_minor": 100}},
        "/members": {"program_id": till.program_id, "card": "1234"},
        "/purchases/quote": till.purchase(till.enrol()),
    }  # fmt: skip
    assert till.request("POST", f"/v1{path}", json=bodies[path]).status_code in {200, 201}


def ids_of(till: Shop) -> dict[str, str]:
    """One of everything the merchant can own."""
    member_id = till.enrol(phone="+33612345678")
    bought = till.buy(member_id, 5000)
    return {
        "program": till.program_id,
        "member": member_id,
        "purchase": bought["id"],
        "operation": bought["operation_ids"][0],
        "redemption": till.redeem(member_id, 5)["id"],
        "return": accepted(till.post(f"/purchases/{bought['id']}/returns", {"amount_minor": 1}))[
            "id"
        ],
    }


def requests_about(till: Shop, ids: dict[str, str]) -> dict[str, Ask]:
    """Every way to name a thing by its id."""
    mine = {"program_id": till.program_id}
    return {
        "read program": Ask(f"/programs/{ids['program']}", method="GET"),
        "supply": Ask(f"/programs/{ids['program']}/supply", method="GET"),
        "enrol": Ask("/members", {"program_id": ids["program"], "card": "987654"}),
        "buy": Ask("/purchases", till.purchase(ids["member"], program_id=ids["program"])),
        "quote": Ask("/purchases/quote", till.purchase(ids["member"], program_id=ids["program"])),
        "buy here": Ask("/purchases", till.purchase(ids["member"]) | mine),
        "redeem": Ask("/redemptions", till.redemption(ids["member"], 1, program_id=ids["program"])),
        "redeem here": Ask("/redemptions", till.redemption(ids["member"], 1) | mine),
        "read member": Ask(f"/members/{ids['member']}", method="GET"),
        "balance": Ask(f"/members/{ids['member']}/balance", method="GET"),
        "history": Ask(f"/members/{ids['member']}/history", method="GET"),
        "return": Ask(f"/purchases/{ids['purchase']}/returns"),
        "returns": Ask(f"/purchases/{ids['purchase']}/returns", method="GET"),
        "read return": Ask(f"/returns/{ids['return']}", method="GET"),
        "return by receipt": Ask("/returns", {"program_id": ids["program"], "receipt_id": "a"}),
        "refund": Ask(f"/redemptions/{ids['redemption']}/refund"),
        "capture": Ask(f"/redemptions/{ids['redemption']}/capture"),
        "cancel": Ask(f"/redemptions/{ids['redemption']}/cancel"),
        "operation": Ask(f"/operations/{ids['operation']}", method="GET"),
        "proof": Ask(f"/operations/{ids['operation']}/proof", method="GET"),
    }


def test_what_is_somebody_elses_does_not_exist(till: Shop) -> None:
    """Invariant I11: the same answer, word for word, as for what nobody has."""
    other = another_merchant(till)
    theirs = ids_of(other)
    nobodys = {name: f"{value.partition('_')[0]}_{NOBODY}" for name, value in theirs.items()}
    before = till.snapshot()
    about_theirs = requests_about(till, theirs)
    about_nothing = requests_about(till, nobodys)
    for name, ask in about_theirs.items():
        answers = []
        for one in (ask, about_nothing[name]):
            headers = {"Idempotency-Key": f"i11-{next(till.numbers)}"}
            answer = till.request(one.method, f"/v1{one.path}", json=one.body, headers=headers)
            answers.append(refused(answer, 404, answer.json().get("code", "")))
        for problem in answers:
            problem.pop("request_id")
        assert answers[0] == answers[1], name
    assert till.snapshot() == before
    assert till.get("/members", phone="+33612345678").json()["data"] == []
    assert (
        till.get("/members", phone="+33612345678", program_id=theirs["program"]).json()["data"]
        == []
    )
    listed = till.request("GET", "/v1/programs").text
    assert theirs["program"] not in listed
