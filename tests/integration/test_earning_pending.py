"""Points that wait: seen and never spent, released by a day or an event, cancelled by a return."""

from __future__ import annotations

import json

from backend.services.release_points import ReleaseSweep
from tests.api_client import Shop, accepted, refused
from tests.earning_kit import BASE, fixed, pending, publish, reasons
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
DAY_S = 24 * 3600


def sweep(till: Shop) -> None:
    """A settler's sweep that starts now, for every program of the database."""
    house = till.house
    sweeper = ReleaseSweep(till.database.ledger, till.clock, house.new_id, house.vault)
    while sweeper.step():
        pass


def test_pending_points_are_seen_and_cannot_be_spent(till: Shop) -> None:
    publish(till, pending={"days": 14})
    member = till.enrol()
    bought = till.buy(member, 5000)
    assert (bought["points"]["earned"], bought["points"]["pending"]) == (0, 50)
    assert bought["points"]["reasons"][0]["pending"] is True
    assert (bought["operation_ids"], bought["settlement"]["status"]) == ([], "none")
    assert bought["balance"] == {"available": 0, "pending": 50, "held": 0}
    assert (till.balance(member), pending(till, member)) == ((0, 0), 50)
    refused(till.post("/redemptions", till.redemption(member, 1)), 409, "insufficient_points")
    assert accepted(till.get(f"/programs/{till.program_id}/supply"))["minted"] == 0


def test_a_sweep_releases_on_the_day_and_once(till: Shop) -> None:
    publish(till, BASE, fixed("at_once", 5, pending=False), pending={"days": 14})
    member = till.enrol()
    at = "2026-01-01T09:00:00Z"
    till.clock.forward(12 * 3600)
    assert reasons(till.buy(member, 5000, occurred_at=at)) == {"base": 50, "at_once": 5}
    till.clock.forward(13 * DAY_S)
    sweep(till)
    assert (till.balance(member)[0], pending(till, member)) == (5, 50)
    till.clock.forward(DAY_S // 2)
    for _ in range(2):
        sweep(till)
        assert (till.balance(member)[0], pending(till, member)) == (55, 0)
    released, earned = accepted(till.get(f"/members/{member}/history"))["data"]
    assert (earned["points"], released["points"], released["kind"]) == (5, 50, "accrue")
    assert released["reasons"][0]["rule"] == "base"
    [row] = till.records("pending_points")
    assert (row["state"], row["operation_id"]) == ("released", released["operation_id"])
    audit(till.database.ledger)


def test_a_delivery_releases_the_points_of_its_purchase_alone(till: Shop) -> None:
    publish(till, pending={"event": "delivered", "days": 60})
    member = till.enrol()
    first, second = till.buy(member, 1000), till.buy(member, 2000)
    event = {
        "program_id": till.program_id,
        "member_id": member,
        "event_id": "parcel-1",
        "name": "delivered",
        "occurred_at": "2026-01-01T00:00:00Z",
        "purchase_id": second["id"],
    }
    told = accepted(till.post("/events", event))
    assert (told["released"], told["points"]["earned"]) == (20, 0)
    assert told["balance"] == {"available": 20, "pending": 10, "held": 0}
    [operation] = told["operation_ids"]
    assert accepted(till.get(f"/operations/{operation}"))["source_id"] == second["id"]
    refused(till.post("/events", event), 409, "event_already_recorded")
    others = event | {"event_id": "parcel-2", "purchase_id": None}
    assert accepted(till.post("/events", others))["released"] == 10
    states = {row["source_id"]: row["state"] for row in till.records("pending_points")}
    assert states == {first["id"]: "released", second["id"]: "released"}
    till.clock.forward(100 * DAY_S)
    sweep(till)
    assert (till.balance(member)[0], pending(till, member)) == (30, 0)
    audit(till.database.ledger)


def test_what_a_return_cancelled_is_not_released(till: Shop) -> None:
    publish(till, pending={"days": 14})
    member = till.enrol()
    back, kept = till.buy(member, 3000), till.buy(member, 1000)
    accepted(till.post(f"/purchases/{back['id']}/returns"))
    assert pending(till, member) == 10
    till.clock.forward(15 * DAY_S)
    sweep(till)
    assert (till.balance(member)[0], pending(till, member)) == (10, 0)
    states = {row["source_id"]: row["state"] for row in till.records("pending_points")}
    assert states == {back["id"]: "cancelled", kept["id"]: "released"}


def test_the_sum_of_what_waits_is_what_the_balance_shows(till: Shop) -> None:
    publish(till, BASE, fixed("gift", 7), pending={"days": 3})
    members = [till.enrol() for _ in range(2)]
    for number in range(6):
        till.buy(members[number % 2], 500 * number)
    shown = {row["member_id"]: row["pending_points"] for row in till.records("balances")}
    waiting: dict[str, int] = dict.fromkeys(members, 0)
    for row in till.records("pending_points"):
        waiting[row["member_id"]] += row["points"] - row["cancelled_points"]
    assert shown == waiting
    for row in till.records("purchases"):
        assert all(credit["pending"] for credit in json.loads(row["document"])["credits"])
