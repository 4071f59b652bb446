"""Paid clubs at the till: a payment buys a term, and the club is there to the day."""

from __future__ import annotations

import pytest

from backend.services.reward_subscriptions import SubscriptionSweep
from tests.api_client import Shop, accepted, another_merchant, refused
from tests.integration.tier_kit import (
    DAY_S,
    changes,
    document,
    pay,
    payment,
    publish,
    sweep,
    tier,
    tier_id,
)

pytest_plugins = ["tests.api_client"]
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def history(shop: Shop, member: str) -> list[tuple[str, str, str, int]]:
    read = accepted(shop.get(f"/members/{member}/subscriptions"))
    return [
        (one["status"], one["started_on"], one["renews_on"], len(one["payments"]))
        for one in read["data"]
    ]


def test_a_payment_buys_a_term_with_its_tier_and_benefits(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    body = payment(shop)
    path = f"/members/{member}/subscriptions"
    joined = accepted(shop.post(path, body, key="joins"))
    assert (joined["plan"], joined["status"], joined["tier"]) == ("prime", "active", "silver")
    assert (joined["started_on"], joined["renews_on"], joined["ends_on"]) == (
        "2026-01-01",
        "2026-02-01",
        "2026-02-06",
    )
    assert shop.post(path, body, key="joins").json() == joined
    held = tier(shop, member)
    assert [(club["plan"], club["until"]) for club in held["clubs"]] == [("prime", "2026-02-05")]
    assert [one["id"] for one in held["benefits"]] == ["free_delivery", "early_access"]
    read = accepted(shop.get(f"/programs/{shop.program_id}/tiers"))
    assert [(plan["id"], plan["members"]) for plan in read["clubs"]] == [("prime", 1)]
    assert history(shop, member) == [("active", "2026-01-01", "2026-02-01", 1)]


def test_grace_awaits_the_renewal_and_the_term_goes_on_from_its_end(shop: Shop) -> None:
    publish(shop, document())
    shop.clock.forward(30 * DAY_S)  # 31 January.
    late, gone = shop.enrol(), shop.enrol()
    assert pay(shop, late)["renews_on"] == pay(shop, gone)["renews_on"] == "2026-02-28"
    shop.clock.forward(32 * DAY_S)  # 4 March, the last day of grace.
    assert history(shop, late)[0][0] == "grace"
    renewed = pay(shop, late)
    assert (renewed["status"], renewed["started_on"], renewed["renews_on"]) == (
        "active",
        "2026-01-31",
        "2026-03-31",
    )
    shop.clock.forward(DAY_S)
    assert (tier_id(shop, late), tier_id(shop, gone)) == ("silver", "bronze")
    assert sweep(shop) == 1
    assert changes(shop, gone)[-1] == ("silver", "bronze", "grant_ended")
    again = pay(shop, gone)
    assert (again["started_on"], again["renews_on"]) == ("2026-03-05", "2026-04-05")
    assert [one[0] for one in history(shop, gone)] == ["ended", "active"]
    assert history(shop, late) == [("active", "2026-01-31", "2026-03-31", 2)]


@sqlite_only
def test_cancelling_keeps_what_is_paid_and_nothing_more(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    joined = pay(shop, member)
    path = f"/members/{member}/subscriptions/{joined['id']}/cancel"
    left = accepted(shop.post(path))
    assert (left["status"], left["ends_on"], left["tier"]) == ("cancelled", "2026-02-01", "silver")
    refused(shop.post(path), 409, "subscription_not_running")
    shop.clock.forward(31 * DAY_S)
    assert tier_id(shop, member) == "bronze"
    assert history(shop, member)[0][0] == "ended"
    refused(shop.post(path), 409, "subscription_not_running")
    unknown = f"/members/{member}/subscriptions/sub_{'0' * 26}/cancel"
    refused(shop.post(unknown), 404, "unknown_subscription")
    someone = shop.enrol()
    foreign = f"/members/{someone}/subscriptions/{joined['id']}/cancel"
    refused(shop.post(foreign), 404, "unknown_subscription")


@sqlite_only
def test_cancelling_in_grace_ends_the_club_at_once(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    joined = pay(shop, member)
    shop.clock.forward(32 * DAY_S)
    left = accepted(shop.post(f"/members/{member}/subscriptions/{joined['id']}/cancel"))
    assert (left["status"], left["tier"]) == ("ended", "bronze")


@sqlite_only
def test_rules_ask_for_the_club(shop: Shop) -> None:
    bonus = {
        "id": "club",
        "earn": {"kind": "fixed", "points": 5},
        "when": {"label": ["club:prime"]},
    }
    publish(shop, document(bonus))
    member, other = shop.enrol(), shop.enrol()
    pay(shop, member)
    at = "2026-01-01T00:00:00Z"
    assert shop.buy(member, 1000, occurred_at=at)["points"]["earned"] == 20  # ×1.5 of silver, + 5.
    assert shop.buy(other, 1000, occurred_at=at)["points"]["earned"] == 10
    shop.clock.forward(36 * DAY_S)
    bought = shop.buy(member, 1000, occurred_at="2026-02-06T00:00:00Z")
    assert bought["points"]["earned"] == 10


@sqlite_only
def test_refusals_write_nothing(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    path = f"/members/{member}/subscriptions"
    paid = payment(shop)
    pay(shop, shop.enrol(), receipt_id=paid["receipt_id"])
    written = shop.snapshot()
    twice = refused(shop.post(path, paid), 409, "receipt_already_recorded")
    assert twice["subscription_id"].startswith("sub_")
    short = refused(shop.post(path, payment(shop, paid_amount_minor=4899)), 422, "fee_mismatch")
    assert short["fee_minor"] == 4900
    refused(shop.post(path, payment(shop, plan="basic")), 422, "plan_unknown")
    refused(shop.post(path, payment(shop, currency="USD")), 422, "currency_mismatch")
    refused(shop.post(path, payment(shop, receipt_id=" ")), 422, "receipt_id_invalid")
    refused(shop.post(path, payment(shop) | {"paid_amount_minor": -1}), 422, "amount_out_of_range")
    keyless = shop.request("POST", f"/v1{path}", json=payment(shop))
    refused(keyless, 400, "idempotency_key_missing")
    other = another_merchant(shop)
    written = shop.snapshot()
    refused(other.post(path, payment(shop)), 404, "unknown_member")
    refused(other.get(path), 404, "unknown_member")
    assert shop.snapshot() == written


@sqlite_only
def test_a_club_is_paid_five_years_ahead_at_most(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    for _ in range(60):
        pay(shop, member)
    path = f"/members/{member}/subscriptions"
    refused(shop.post(path, payment(shop)), 409, "subscription_paid_ahead")


def test_each_paid_month_gives_its_points_once(shop: Shop) -> None:
    points = {"id": "month", "on": "subscription_month", "earn": {"kind": "fixed", "points": 30}}
    publish(shop, document(points))
    member = shop.enrol()
    pay(shop, member)
    pay(shop, member)
    assert given(shop) == 1
    assert shop.balance(member) == (30, 0)
    assert given(shop) == 0
    shop.clock.forward(31 * DAY_S)
    assert given(shop) == 1
    shop.clock.forward(60 * DAY_S)
    assert given(shop) == 0
    assert shop.balance(member) == (60, 0)
    event = {"name": "subscription_month", "event_id": "1", "occurred_at": "2026-01-01T00:00:00Z"}
    asked = {"program_id": shop.program_id, "member_id": member} | event
    refused(shop.post("/events", asked), 422, "event_reserved")


def given(shop: Shop) -> int:
    """Months whose benefits are given now."""
    database, house = shop.database, shop.house
    sweep = SubscriptionSweep(database.ledger, shop.clock, house.new_id, house.vault)
    return sum(iter(sweep.step, 0))


@sqlite_only
def test_who_is_no_more_a_member_has_no_status(shop: Shop) -> None:
    publish(shop, document())
    member, away = shop.enrol(), shop.enrol()
    pay(shop, member)
    accepted(shop.post(f"/members/{member}/close", {}))
    assert (tier(shop, member)["tier"], tier(shop, member)["clubs"]) == (None, [])
    path = f"/members/{member}"
    refused(shop.post(f"{path}/subscriptions", payment(shop)), 409, "member_closed")
    refused(shop.post(f"{path}/tier", {"tier": "gold"}), 409, "member_closed")
    accepted(shop.post(f"/members/{away}/deactivate"))
    asked = shop.post(f"/members/{away}/subscriptions", payment(shop))
    refused(asked, 409, "member_deactivated")
    read = accepted(shop.get(f"/programs/{shop.program_id}/tiers"))
    assert [one["members"] for one in read["tiers"]] == [1, 0, 0]
    assert sweep(shop) == 1
