"""Events: what members do besides buying, what it earns, and that it counts once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_client import Shop, accepted, refused
from tests.earning_kit import BASE, fixed, publish, reasons
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]


def event(till: Shop, member: str, name: str = "review", **terms: Any) -> dict[str, Any]:
    body = {
        "program_id": till.program_id,
        "member_id": member,
        "event_id": f"event-{next(till.numbers)}",
        "name": name,
        "occurred_at": "2026-01-01T00:00:00Z",
    }
    return body | terms


def test_an_event_earns_what_its_rule_gives_as_a_bonus(till: Shop) -> None:
    stars = {"attributes": {"stars": {"min": 4}}}
    publish(till, BASE, fixed("review", 20, on="review", when=stars))
    member = till.enrol(phone="+33612345678")
    named = {"member_id": None, "member": {"phone": "+33612345678"}}
    told = accepted(till.post("/events", event(till, "", attributes={"stars": 5}) | named))
    assert (told["member_id"], reasons(told)) == (member, {"review": 20})
    [operation] = told["operation_ids"]
    assert accepted(till.get(f"/operations/{operation}"))["kind"] == "bonus"
    bad = accepted(till.post("/events", event(till, member, attributes={"stars": 1})))
    assert (reasons(bad), bad["settlement"]["status"]) == ({}, "none")
    assert till.balance(member) == (20, 0)
    audit(till.database.ledger)


def test_an_event_id_counts_once_whatever_the_key(till: Shop) -> None:
    publish(till, BASE, fixed("survey", 10, on="survey"))
    member = till.enrol()
    body = event(till, member, "survey")
    first = accepted(till.post("/events", body, key="survey-1"))
    assert accepted(till.post("/events", body, key="survey-1")) == first
    problem = refused(till.post("/events", body, key="survey-2"), 409, "event_already_recorded")
    assert problem["event_id"] == first["id"]
    refused(
        till.post("/events", body | {"name": "social"}, key="survey-1"),
        422,
        "idempotency_key_reused",
    )
    assert till.balance(member) == (10, 0)


def test_signing_up_is_rewarded_at_enrolment_and_never_again(till: Shop) -> None:
    publish(till, BASE, fixed("welcome", 30, on="signup"))
    member = till.enrol()
    assert till.balance(member) == (30, 0)
    again = event(till, member, "signup")
    refused(till.post("/events", again), 409, "event_already_recorded")
    assert till.balance(member) == (30, 0)


def test_a_profile_is_completed_once(till: Shop) -> None:
    publish(till, BASE, fixed("profile", 15, on="profile_completed"))
    member = till.enrol()
    accepted(till.post("/events", event(till, member, "profile_completed")))
    refused(
        till.post("/events", event(till, member, "profile_completed")),
        409,
        "event_already_recorded",
    )
    assert till.balance(member) == (15, 0)


@pytest.mark.parametrize("name", ["birthday", "anniversary", "idle", "period", "purchase"])
def test_what_the_calendar_gives_is_not_reported(till: Shop, name: str) -> None:
    before = till.snapshot()
    refused(till.post("/events", event(till, f"mem_{'0' * 26}", name)), 422, "event_reserved")
    assert till.snapshot() == before


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"occurred_at": "2026-01-03T00:00:00Z"}, 422, "timestamp_invalid"),
        ({"name": "Review"}, 422, "invalid_request"),
        ({"attributes": {"stars": 4.5}}, 422, "invalid_request"),
        ({"attributes": {str(n): n for n in range(21)}}, 422, "invalid_request"),
        ({"program_id": f"prg_{'0' * 26}"}, 404, "unknown_program"),
        ({"member_id": f"mem_{'0' * 26}"}, 404, "unknown_member"),
    ],
)
def test_an_event_that_is_none_is_refused(
    till: Shop, wrong: dict[str, Any], status: int, code: str
) -> None:
    body = event(till, till.enrol()) | wrong
    before = till.snapshot()
    refused(till.post("/events", body), status, code)
    assert till.snapshot() == before


def test_events_need_no_rules_and_are_kept(till: Shop) -> None:
    member = till.enrol()
    told = accepted(till.post("/events", event(till, member, attributes={"note": "kind"})))
    assert (told["points"]["earned"], told["operation_ids"]) == (0, [])
    [row] = till.records("member_events")
    assert (row["name"], row["attributes"]) == ("review", '{"note":"kind"}')


def test_offers_are_what_holds_for_the_member_now(till: Shop) -> None:
    vip = fixed("vip_bonus", 5, when={"label": ["vip"], "basis_minor": {"min": 3000}})
    over = fixed("last_year", 5, until="2025-12-31")
    evening = fixed("evening", 5, when={"hours": [{"from": "17:00", "until": "19:00"}]})
    publish(till, BASE, vip, over, evening, fixed("review", 20, on="review", until="2026-02-28"))
    member = till.enrol()

    def offered() -> dict[str, Any]:
        found = accepted(till.get(f"/members/{member}/offers"))["data"]
        return {one["rule"]: one for one in found}

    assert offered().keys() == {"base", "review"}, "midnight, and no label yet"
    accepted(till.request("PUT", f"/v1/members/{member}/attributes", json={"labels": ["vip"]}))
    till.clock.forward(18 * 3600)
    now = offered()
    assert now.keys() == {"base", "review", "vip_bonus", "evening"}
    assert now["vip_bonus"]["requires"] == {"basis_minor": {"min": 3000}}
    assert (now["review"]["event"], now["review"]["last_day"]) == ("review", "2026-02-28")


def test_progress_says_what_is_missing(till: Shop) -> None:
    card = {
        "id": "card",
        "title": {"en": "Tenth coffee", "fr": "Dixième café"},
        "earn": {"kind": "stamps", "per": "purchase", "card": 10, "reward": "coffee"},
    }
    spend = {
        "id": "spend",
        "earn": {"kind": "milestone", "of": "spend_minor", "every": 10_000, "points": 50},
    }
    weekly = {"id": "weekly", "earn": {"kind": "streak", "every": "week", "length": 4, "points": 9}}
    publish(till, BASE, card, spend, weekly)
    member = till.enrol()
    for _ in range(3):
        till.buy(member, 2500)
    read = accepted(till.get(f"/members/{member}/progress"))
    steps = {step["rule"]: step for step in read["steps"]}
    assert {rule: (s["unit"], s["done"], s["goal"], s["missing"]) for rule, s in steps.items()} == {
        "card": ("stamps", 3, 10, 7),
        "spend": ("minor", 7500, 10_000, 2500),
        "weekly": ("weeks", 1, 4, 3),
    }
    assert steps["card"]["title"] == {"en": "Tenth coffee", "fr": "Dixième café"}
    assert (read["purchase_count"], read["spend_minor"]) == (3, 7500)
