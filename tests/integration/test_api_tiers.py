"""Tiers at the till: reached in the purchase's commit, lapsing at midnight, asked for by rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_client import OCCURRED_AT, Shop, accepted, another_merchant, refused
from tests.integration.spending_kit import claim, reward
from tests.integration.tier_kit import (
    DAY_S,
    TIERS,
    changes,
    document,
    named,
    publish,
    sweep,
    tier,
    tier_id,
)

pytest_plugins = ["tests.api_client"]
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
NOW = "2026-01-01T00:00:00Z"


def reasons(bought: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one["rule"], one["points"]) for one in bought["points"]["reasons"]]


def test_a_tier_is_reached_with_the_purchase_and_multiplies_the_next(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    assert tier_id(shop, member) == "bronze"
    first = shop.buy(member, 10_000, occurred_at=NOW)
    assert first["points"]["earned"] == 100
    held = tier(shop, member)
    assert (held["tier"]["id"], held["since"], held["until"]) == (
        "silver",
        "2026-01-01",
        "2027-01-31",
    )
    assert held["benefits"] == [
        {"id": "free_delivery", "text": {"en": "Free delivery", "fr": "Livraison offerte"}}
    ]
    assert held["progress"] == {
        "measure": "spend",
        "total": 10_000,
        "next": {
            "tier": "gold",
            "threshold": 50_000,
            "missing": 40_000,
            "counts_until": "2026-01-31",
        },
        "keeping": {"missing": 10_000, "since": "2026-01-01", "until": "2027-01-31"},
    }
    second = shop.buy(member, 1000, occurred_at=NOW)
    assert second["points"]["earned"] == 15
    assert sum(points for _, points in reasons(second)) == 15
    assert changes(shop, member) == [(None, "silver", "earned")]
    [reached] = accepted(shop.get(f"/members/{member}/tier/changes"))["data"]
    assert reached["source_id"] == first["id"]


def test_a_tier_lapses_at_midnight_with_and_without_the_sweep(shop: Shop) -> None:
    publish(shop, document())
    swept, unswept = shop.enrol(), shop.enrol()
    for member in (swept, unswept):
        shop.buy(member, 10_000, occurred_at=NOW)
    assert sweep(shop) == 0
    shop.clock.forward(395 * DAY_S + DAY_S - 1)  # The last second of 31 January 2027.
    assert tier_id(shop, swept) == "silver"
    assert sweep(shop) == 0
    shop.clock.forward(1)
    assert tier_id(shop, unswept) == "bronze"
    bought = shop.buy(unswept, 1000, occurred_at="2027-02-01T00:00:00Z")
    assert bought["points"]["earned"] == 10
    assert sweep(shop) == 1
    assert sweep(shop) == 0
    for member in (swept, unswept):
        assert changes(shop, member)[-1] == ("silver", "bronze", "lapsed")
        assert len(changes(shop, member)) == 2


def test_counts_and_history_of_a_program(shop: Shop) -> None:
    publish(shop, document())
    members = [shop.enrol() for _ in range(3)]
    shop.buy(members[0], 60_000, occurred_at=NOW)
    shop.buy(members[1], 10_000, occurred_at=NOW)
    read = accepted(shop.get(f"/programs/{shop.program_id}/tiers"))
    assert [(one["id"], one["members"]) for one in read["tiers"]] == [
        ("bronze", 1),
        ("silver", 1),
        ("gold", 1),
    ]
    assert read["without_tier"] == 0
    assert read["window"] == {"kind": "rolling", "months": 12, "kept_years": None}
    path, seen = f"/programs/{shop.program_id}/tier-changes", []
    after: dict[str, str] = {}
    while True:
        page = accepted(shop.get(path, limit="1", **after))
        seen += [(one["member_id"], one["tier_after"]) for one in page["data"]]
        if not page["has_more"]:
            break
        after = {"starting_after": page["data"][-1]["id"]}
    assert sorted(seen) == sorted([(members[0], "gold"), (members[1], "silver")])


@sqlite_only
def test_members_from_before_the_rules_are_judged_by_what_they_bought(shop: Shop) -> None:
    member, nobody = shop.enrol(), shop.enrol()
    shop.buy(member, 60_000)
    publish(shop, document())
    assert tier_id(shop, member) == "gold"
    assert sweep(shop) == 2
    assert changes(shop, member) == [(None, "gold", "earned")]
    assert changes(shop, nobody) == [(None, "bronze", "entry")]


@sqlite_only
def test_a_late_purchase_counts_in_its_own_month(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    shop.buy(member, 10_000, occurred_at="2024-12-31T10:00:00Z")
    assert tier_id(shop, member) == "bronze"
    shop.buy(member, 10_000, occurred_at="2025-01-01T10:00:00Z")
    assert tier(shop, member)["until"] == "2026-01-31"


@sqlite_only
def test_rules_ask_for_a_tier(shop: Shop) -> None:
    bonus = {
        "id": "vip",
        "earn": {"kind": "fixed", "points": 7},
        "when": {"tier": ["silver", "gold"]},
    }
    publish(shop, document(bonus))
    member = shop.enrol()
    assert shop.buy(member, 10_000, occurred_at=NOW)["points"]["earned"] == 100
    assert ("vip", 7) in reasons(shop.buy(member, 1000, occurred_at=NOW))


@sqlite_only
def test_new_rules_take_no_tier_away_and_older_programs_have_none(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    shop.buy(member, 60_000, occurred_at=NOW)
    levels = [named("bronze", 0), named("gold", 99_000, badge="gold")]
    harder = TIERS | {"levels": levels, "clubs": []}
    publish(shop, document(tiers=harder))
    assert tier_id(shop, member) == "gold"
    assert sweep(shop) == 1
    without = document()
    del without["tiers"]
    publish(shop, without)
    assert tier_id(shop, member) is None
    assert sweep(shop) == 1
    assert changes(shop, member)[-1] == ("gold", None, "rules_changed")


@sqlite_only
def test_a_granted_tier_holds_beside_the_earned_one(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    path = f"/members/{member}/tier"
    given = accepted(shop.post(path, {"tier": "gold", "until": "2026-01-10"}, key="gift"))
    assert (given["tier"]["id"], given["until"]) == ("gold", "2026-01-10")
    assert shop.post(path, {"tier": "gold", "until": "2026-01-10"}, key="gift").json() == given
    shop.clock.forward(10 * DAY_S)
    assert tier_id(shop, member) == "bronze"
    accepted(shop.post(path, {"tier": "silver"}))
    assert tier(shop, member)["until"] is None
    assert accepted(shop.post(path, {"tier": None}))["tier"]["id"] == "bronze"
    assert changes(shop, member) == [
        (None, "bronze", "entry"),
        ("bronze", "gold", "granted"),
        ("gold", "bronze", "grant_ended"),
        ("bronze", "silver", "granted"),
        ("silver", "bronze", "grant_ended"),
    ]


@sqlite_only
def test_refusals_write_nothing(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    path = f"/members/{member}/tier"
    written = shop.snapshot()
    refused(shop.post(path, {"tier": "iron"}), 422, "tier_unknown")
    refused(shop.post(path, {"tier": "gold", "until": "2025-12-31"}), 422, "timestamp_invalid")
    refused(shop.post(path, {"tier": "gold", "until": "soon"}), 422, "invalid_request")
    refused(shop.request("POST", f"/v1{path}", json={"tier": "gold"}), 400,
            "idempotency_key_missing")  # fmt: skip
    nobody = f"/members/mem_{'0' * 26}/tier"
    refused(shop.post(nobody, {"tier": "gold"}), 404, "unknown_member")
    refused(shop.get(nobody), 404, "unknown_member")
    refused(shop.get(f"{nobody}/changes"), 404, "unknown_member")
    elsewhere = f"/programs/prg_{'0' * 26}/tiers"
    refused(shop.get(elsewhere), 404, "unknown_program")
    assert shop.snapshot() == written
    other = another_merchant(shop)
    refused(other.get(path), 404, "unknown_member")
    refused(other.get(f"/programs/{shop.program_id}/tiers"), 404, "unknown_program")
    refused(other.get(f"/programs/{shop.program_id}/tier-changes"), 404, "unknown_program")
    refused(other.post(path, {"tier": "gold"}), 404, "unknown_member")


@sqlite_only
def test_a_program_without_tiers_has_none(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 60_000, occurred_at=OCCURRED_AT)
    held = tier(shop, member)
    assert (held["tier"], held["until"], held["progress"]["next"]) == (None, None, None)
    assert sweep(shop) == 0
    assert changes(shop, member) == []


@sqlite_only
def test_a_return_is_judged_as_if_the_purchase_had_not_been(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    shop.buy(member, 10_000, occurred_at="2025-12-01T10:00:00Z")
    bought = shop.buy(member, 45_000, occurred_at=NOW)
    assert tier_id(shop, member) == "gold"
    part = accepted(shop.post(f"/purchases/{bought['id']}/returns", {"amount_minor": 4_000}))
    assert tier_id(shop, member) == "gold"
    more = accepted(shop.post(f"/purchases/{bought['id']}/returns", {"amount_minor": 2_000}))
    assert tier_id(shop, member) == "silver"
    assert changes(shop, member)[-1] == ("gold", "silver", "corrected")
    last = accepted(shop.get(f"/members/{member}/tier/changes"))["data"][-1]
    assert last["source_id"] == more["id"] != part["id"]
    accepted(shop.post(f"/purchases/{bought['id']}/returns"))
    assert tier_id(shop, member) == "silver"


@sqlite_only
def test_a_return_from_before_the_rules_is_judged_anew(shop: Shop) -> None:
    member = shop.enrol()
    bought = shop.buy(member, 60_000)
    publish(shop, document())
    assert sweep(shop) == 1
    accepted(shop.post(f"/purchases/{bought['id']}/returns"))
    assert tier_id(shop, member) == "bronze"
    shop.clock.forward(60)
    assert sweep(shop) == 1
    assert changes(shop, member)[-1] == ("gold", "bronze", "corrected")


@sqlite_only
def test_a_merge_keeps_the_better_tier_and_counts_what_both_bought(shop: Shop) -> None:
    publish(shop, document())
    rich, poor = shop.enrol(), shop.enrol()
    shop.buy(rich, 60_000, occurred_at="2025-02-01T10:00:00Z")
    shop.buy(poor, 1_000, occurred_at=NOW)
    accepted(shop.post(f"/members/{rich}/merge", {"into_member_id": poor}))
    held = tier(shop, poor)
    assert (held["tier"]["id"], held["until"], held["progress"]["total"]) == (
        "gold",
        "2026-02-28",
        61_000,
    )
    assert accepted(shop.get(f"/programs/{shop.program_id}/tiers"))["tiers"][2]["members"] == 1
    assert sweep(shop) == 0
    two = [shop.enrol(), shop.enrol()]
    for member in two:
        shop.buy(member, 30_000, occurred_at=NOW)
    accepted(shop.post(f"/members/{two[0]}/merge", {"into_member_id": two[1]}))
    assert tier_id(shop, two[1]) == "gold"


@sqlite_only
def test_a_reward_asks_for_the_tier_as_it_is_now(shop: Shop) -> None:
    publish(shop, document())
    member = shop.enrol()
    shop.buy(member, 60_000, occurred_at=NOW)
    terms = reward(shop, tiers=["gold"])
    shop.clock.forward(400 * DAY_S)
    asked = {"member_id": member}
    refused(shop.post(f"/rewards/{terms}/claims", asked), 409, "tier_required")
    shop.buy(member, 60_000, occurred_at="2027-02-05T00:00:00Z")
    assert claim(shop, terms, member)["status"] == "granted"


@sqlite_only
def test_spending_points_costs_no_status(shop: Shop) -> None:
    publish(shop, document(tiers=TIERS | {"measure": "points"}))
    member = shop.enrol()
    shop.buy(member, 1_000_000, occurred_at=NOW)
    assert tier_id(shop, member) == "silver"
    shop.redeem(member, 10_000, capture=True)
    assert shop.balance(member) == (0, 0)
    assert tier_id(shop, member) == "silver"
    assert tier(shop, member)["progress"]["total"] == 10_000
