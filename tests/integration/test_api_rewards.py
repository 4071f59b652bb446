"""The catalogue: what is offered to whom, what a claim takes and gives, what cancelling does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_client import HOLD_SECONDS, Shop, accepted, another_merchant, refused
from tests.earning_kit import publish
from tests.integration.spending_kit import claim, reward, reward_body
from tests.integration.tier_kit import TIERS
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
on_sqlite = pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)
DAY_SECONDS = 24 * 3600


@pytest.fixture
def member(till: Shop) -> str:
    """Somebody with 100 points."""
    member_id = till.enrol()
    till.buy(member_id, 10_000)
    return member_id


def try_claim(till: Shop, reward_id: str, member_id: str, **terms: Any) -> Any:
    return till.post(f"/rewards/{reward_id}/claims", {"member_id": member_id} | terms)


def test_a_claim_burns_points_and_gives_a_voucher_that_a_till_takes(
    till: Shop, member: str
) -> None:
    coffee = reward(till, stock=3, voucher_days=30)
    claimed = claim(till, coffee, member)
    assert (claimed["status"], claimed["points"], claimed["cash_minor"]) == ("granted", 10, 0)
    assert claimed["balance"] == {"available": 90, "pending": 0, "held": 0}
    assert claimed["settlement"] == {"status": "accepted"}
    voucher = claimed["voucher"]
    assert (voucher["kind"], voucher["usable"], voucher["free_units"]) == ("uses", True, 1)
    assert voucher["benefit"]["sku"] == "COFFEE"
    assert voucher["expires_at"] == "2026-02-01T00:00:00.000Z"
    assert voucher["qr"] == "MEREAU:V:" + voucher["code"].replace("-", "")
    redeemed = accepted(
        till.post("/voucher-uses", {"code": voucher["code"].lower(), "redeem": True})
    )
    assert (redeemed["status"], redeemed["voucher"]["free_units"]) == ("redeemed", 0)
    read = accepted(till.get(f"/claims/{claimed['id']}"))
    assert (read["status"], read["voucher"]["reason"]) == ("fulfilled", "used_up")
    assert accepted(till.get(f"/rewards/{coffee}"))["left"] == 2
    [entry] = accepted(till.get(f"/members/{member}/history", limit="1"))["data"]
    assert (entry["kind"], entry["points"]) == ("redeem", -10)
    audit(till.database.ledger)


@on_sqlite
def test_a_replayed_claim_gives_the_same_code_and_stores_none(till: Shop, member: str) -> None:
    path, body = f"/rewards/{reward(till)}/claims", {"member_id": member}
    first = till.post(path, body, key="once")
    again = till.post(path, body, key="once")
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert till.balance(member) == (90, 0)
    code = first.json()["voucher"]["code"]
    stored = repr(till.snapshot())
    assert code not in stored
    assert code.replace("-", "") not in stored


@on_sqlite
def test_the_price_steps_and_cash_of_a_reward(till: Shop, member: str) -> None:
    steps = [
        {"id": "points", "points": 80},
        {"id": "mixed", "points": 30, "cash_minor": 1500},
    ]
    bowl = reward(till, steps=steps, sku="BOWL")
    refused(try_claim(till, bowl, member), 409, "reward_not_offered")
    refused(try_claim(till, bowl, member, step="other"), 409, "reward_not_offered")
    assert claim(till, bowl, member, step="mixed")["cash_minor"] == 1500
    problem = refused(try_claim(till, bowl, member, step="points"), 409, "insufficient_points")
    assert problem["available_points"] == 70


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("discount_amount", {"steps": [{"points": 10, "value": 500}]}),
        ("discount_percent", {"steps": [{"points": 10, "value": 20}]}),
        ("product", {"sku": "MUG"}),
        ("service", {}),
        ("experience", {"place": "Lyon", "starts_at": "2026-06-01T18:00:00+02:00"}),
        ("free_delivery", {}),
        ("early_access", {}),
    ],
)
def test_the_kinds_that_a_till_takes(
    till: Shop, member: str, kind: str, terms: dict[str, Any]
) -> None:
    claimed = claim(till, reward(till, kind, **terms), member)
    benefit = claimed["voucher"]["benefit"]
    assert (claimed["status"], benefit["kind"]) == ("granted", kind)
    value = terms.get("steps", [{}])[0].get("value")
    assert benefit.get("value") == value


@on_sqlite
def test_a_gift_card_is_a_stored_value(till: Shop, member: str) -> None:
    card = reward(till, "gift_card", steps=[{"points": 50, "value": 2500}])
    voucher = claim(till, card, member)["voucher"]
    assert (voucher["kind"], voucher["currency"], voucher["free_units"]) == ("value", "EUR", 2500)


@on_sqlite
def test_digital_content_is_shown_to_who_claimed_it_and_to_nobody_before(
    till: Shop, member: str
) -> None:
    url = "https://example.org/recipes/brioche"
    recipe = reward(till, "digital_content", content_url=url)
    assert url not in till.get(f"/rewards/{recipe}").text
    held = claim(till, recipe, member, capture=False)
    assert held["content_url"] is None
    captured = accepted(till.post(f"/claims/{held['id']}/capture"))
    assert (captured["status"], captured["content_url"]) == ("fulfilled", url)
    assert captured["voucher"] is None


@on_sqlite
def test_a_donation_goes_to_a_listed_charity_with_a_numbered_receipt(
    till: Shop, member: str
) -> None:
    body = {"program_id": till.program_id, "name": "Les Abeilles", "registration": "RNA W1"}
    bees = accepted(till.post("/charities", body))
    terms = {"charity_id": bees["id"], "steps": [{"points": 20, "value": 200}]}
    gift = reward(till, "donation", **terms)
    receipts = [claim(till, gift, member)["receipt"] for _ in range(2)]
    assert [receipt["number"][-7:] for receipt in receipts] == ["-000001", "-000002"]
    assert receipts[0]["charity"] == "Les Abeilles"
    assert (receipts[0]["amount_minor"], receipts[0]["currency"]) == (200, "EUR")
    [counted] = accepted(till.get("/charities", program_id=till.program_id))["data"]
    assert (counted["receipts"], counted["donated_minor"]) == (2, 400)
    accepted(till.post(f"/charities/{bees['id']}/delist"))
    problem = refused(try_claim(till, gift, member), 409, "reward_not_offered")
    assert problem["reason"] == "charity_delisted"
    refused(till.post("/rewards", reward_body(till, "donation", **terms)), 404, "unknown_charity")


@on_sqlite
def test_what_is_handed_over_without_a_till_is_fulfilled_by_hand(till: Shop, member: str) -> None:
    tree = claim(till, reward(till, "eco"), member)
    assert (tree["status"], tree["voucher"]) == ("granted", None)
    done = accepted(till.post(f"/claims/{tree['id']}/fulfil"))
    assert done["status"] == "fulfilled"
    refused(till.post(f"/claims/{tree['id']}/fulfil"), 409, "claim_not_granted")
    sent = claim(till, reward(till), member)
    done = accepted(till.post(f"/claims/{sent['id']}/fulfil"))
    assert (done["voucher"]["reason"], done["voucher"]["code"]) == ("used_up", None)


@on_sqlite
def test_who_may_claim_when(till: Shop, member: str) -> None:
    draft = reward(till, state="draft")
    assert refused(try_claim(till, draft, member), 409, "reward_not_offered")["reason"]
    accepted(till.post(f"/rewards/{draft}/publish"))
    claim(till, draft, member)
    accepted(till.post(f"/rewards/{draft}/archive"))
    refused(try_claim(till, draft, member), 409, "reward_not_offered")
    refused(till.post(f"/rewards/{draft}/publish"), 409, "reward_not_editable")
    later = reward(till, available_from="2027-01-01T00:00:00Z")
    assert refused(try_claim(till, later, member), 409, "reward_not_offered")["reason"] == "not_yet"
    over = reward(till, available_until="2025-01-01T00:00:00Z")
    assert refused(try_claim(till, over, member), 409, "reward_not_offered")["reason"] == "over"
    silver = reward(till, tiers=["silver", "gold"])
    refused(try_claim(till, silver, member), 409, "tier_required")
    publish(till, tiers=TIERS)
    till.buy(member, 1000)
    claim(till, silver, member)


@on_sqlite
def test_limits_count_in_the_window_and_free_again_when_a_claim_is_cancelled(
    till: Shop, member: str
) -> None:
    daily = reward(till, limit_per_member={"count": 1, "window": "day"}, cancel_within_hours=1)
    claimed = claim(till, daily, member)
    refused(try_claim(till, daily, member), 409, "reward_limit_reached")
    accepted(till.post(f"/claims/{claimed['id']}/cancel"))
    claim(till, daily, member)
    refused(try_claim(till, daily, member, capture=False), 409, "reward_limit_reached")
    till.clock.forward(DAY_SECONDS)
    claim(till, daily, member)
    assert till.balance(member) == (80, 0)
    audit(till.database.ledger)


def test_a_held_claim_keeps_its_piece_until_it_is_captured_or_runs_out(
    till: Shop, member: str
) -> None:
    last = reward(till, stock=1)
    held = claim(till, last, member, capture=False)
    assert (held["status"], held["voucher"]) == ("held", None)
    assert till.balance(member) == (90, 10)
    refused(try_claim(till, last, member), 409, "reward_sold_out")
    till.clock.forward(HOLD_SECONDS)
    assert accepted(till.get(f"/claims/{held['id']}"))["status"] == "expired"
    refused(till.post(f"/claims/{held['id']}/capture"), 409, "claim_not_held")
    refused(till.post(f"/claims/{held['id']}/cancel"), 409, "claim_not_cancellable")
    assert till.balance(member) == (100, 0)
    second = claim(till, last, member, capture=False)
    captured = accepted(till.post(f"/claims/{second['id']}/capture"))
    assert captured["voucher"]["usable"]
    assert till.balance(member) == (90, 0)
    assert accepted(till.get(f"/rewards/{last}"))["left"] == 0
    audit(till.database.ledger)


def test_a_cancelled_claim_gives_back_points_and_stock_and_voids_its_voucher(
    till: Shop, member: str
) -> None:
    coffee = reward(till, stock=1, cancel_within_hours=24)
    claimed = claim(till, coffee, member)
    code = claimed["voucher"]["code"]
    reserved = accepted(till.post("/voucher-uses", {"code": code}))
    problem = refused(till.post(f"/claims/{claimed['id']}/cancel"), 409, "claim_not_cancellable")
    assert problem["reason"] == "voucher_used"
    accepted(till.post(f"/voucher-uses/{reserved['id']}/release"))
    cancelled = accepted(till.post(f"/claims/{claimed['id']}/cancel"))
    assert (cancelled["status"], cancelled["restored_points"]) == ("cancelled", 10)
    assert len(cancelled["operation_ids"]) == 1
    assert till.balance(member) == (100, 0)
    refused(till.post("/voucher-uses", {"code": code}), 409, "voucher_not_usable")
    again = claim(till, coffee, member)
    till.clock.forward(DAY_SECONDS)
    problem = refused(till.post(f"/claims/{again['id']}/cancel"), 409, "claim_not_cancellable")
    assert problem["reason"] == "too_late"
    audit(till.database.ledger)


@on_sqlite
def test_a_revised_reward_leaves_what_was_promised(till: Shop, member: str) -> None:
    off = reward(till, "discount_amount", steps=[{"points": 10, "value": 100}])
    held = claim(till, off, member, capture=False)
    body = reward_body(till, "discount_amount", steps=[{"points": 10, "value": 50}])
    del body["program_id"], body["state"]
    revised = accepted(till.post(f"/rewards/{off}/revise", body))
    assert revised["steps"][0]["value"] == 50
    captured = accepted(till.post(f"/claims/{held['id']}/capture"))
    assert captured["voucher"]["benefit"]["value"] == 100
    assert claim(till, off, member)["voucher"]["benefit"]["value"] == 50
    other_kind = reward_body(till)
    del other_kind["program_id"], other_kind["state"]
    refused(till.post(f"/rewards/{off}/revise", other_kind), 409, "reward_not_editable")


@on_sqlite
def test_what_a_member_can_have_and_what_is_missing(till: Shop, member: str) -> None:
    near = reward(till, steps=[{"id": "a", "points": 130}, {"id": "b", "points": 120}])
    reward(till, steps=[{"points": 900}])
    gold = reward(till, tiers=["gold"])
    reward(till, state="draft")
    coffee = reward(till)
    read = accepted(till.get(f"/members/{member}/rewards"))
    assert read["available"] == 100
    assert [each["reachable"] for each in read["data"]] == [True, False, False, False]
    assert read["data"][0]["reward"]["id"] == coffee
    closed = {each["reward"]["id"]: each["closed_for"] for each in read["data"]}
    assert closed[gold] == "tier_required"
    assert (read["next"]["reward"]["id"], read["next"]["missing_points"]) == (near, 20)


@on_sqlite
def test_pages_of_claims_newest_first(till: Shop, member: str) -> None:
    coffee = reward(till)
    made = [claim(till, coffee, member)["id"] for _ in range(3)]
    till.clock.forward(1)
    first = accepted(till.get(f"/members/{member}/claims", limit="2"))
    last = first["data"][-1]["id"]
    rest = accepted(till.get(f"/members/{member}/claims", starting_after=last))
    found = [each["id"] for each in [*first["data"], *rest["data"]]]
    assert found == sorted(made, reverse=True)
    assert (first["has_more"], rest["has_more"]) == (True, False)


@on_sqlite
def test_rewards_and_claims_of_others_do_not_exist(till: Shop, member: str) -> None:
    coffee = reward(till)
    claimed = claim(till, coffee, member)
    rival = another_merchant(till)
    theirs = rival.enrol()
    refused(rival.get(f"/rewards/{coffee}"), 404, "unknown_reward")
    refused(try_claim(rival, coffee, theirs), 404, "unknown_reward")
    refused(rival.post(f"/rewards/{coffee}/archive"), 404, "unknown_reward")
    refused(rival.get(f"/claims/{claimed['id']}"), 404, "unknown_claim")
    refused(rival.post(f"/claims/{claimed['id']}/cancel"), 404, "unknown_claim")
    refused(rival.get("/rewards", program_id=till.program_id), 404, "unknown_program")
    refused(try_claim(till, coffee, theirs), 404, "unknown_member")
