"""Rules with tiers and clubs for tests, and a shop that goes by them."""

from __future__ import annotations

from typing import Any

from backend.services.sweep_tiers import TierSweep
from tests.api_client import Shop, accepted

DAY_S = 24 * 3600


def named(level_id: str, threshold: int, **more: Any) -> dict[str, Any]:
    """A level of the policy."""
    return {"id": level_id, "name": {"en": level_id, "fr": level_id}, "threshold": threshold} | more


BENEFIT = {"id": "free_delivery", "en": "Free delivery", "fr": "Livraison offerte"}
TIERS: dict[str, Any] = {
    "measure": "spend",
    "window": {"kind": "rolling", "months": 12},
    "downgrade": {"mode": "full"},
    "levels": [
        named("bronze", 0),
        named("silver", 10_000, multiplier={"num": 3, "den": 2}, benefits=[BENEFIT]),
        named("gold", 50_000, multiplier=20_000, badge="gold"),
    ],
    "clubs": [
        {
            "id": "prime",
            "name": {"en": "Prime", "fr": "Premier"},
            "fee_minor": 4900,
            "term_months": 1,
            "grace_days": 5,
            "level": "silver",
            "benefits": [{"id": "early_access", "en": "Early access", "fr": "Accès anticipé"}],
        }
    ],
}


def document(*rules: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A rules document: a point per euro, these rules, and the tiers."""
    base = {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 100}}
    whole = {"format": 1, "currency": "EUR", "rules": [base, *rules], "tiers": TIERS}
    return whole | sections


def publish(shop: Shop, rules: dict[str, Any]) -> None:
    """Puts the rules in force for the shop's program."""
    path = f"/programs/{shop.program_id}/rules"
    version = accepted(shop.post(path, {"document": rules}))["version"]
    accepted(shop.post(f"{path}/{version}/publish"))


def sweep(shop: Shop) -> int:
    """Judges whoever is due; how many members that were."""
    return sum(iter(TierSweep(shop.database.ledger, shop.clock, shop.house.new_id).step, 0))


def tier(shop: Shop, member_id: str) -> dict[str, Any]:
    return accepted(shop.get(f"/members/{member_id}/tier"))


def tier_id(shop: Shop, member_id: str) -> str | None:
    held = tier(shop, member_id)["tier"]
    return str(held["id"]) if held else None


def changes(shop: Shop, member_id: str) -> list[tuple[str | None, str | None, str]]:
    """The member's history as (before, after, reason)."""
    read = accepted(shop.get(f"/members/{member_id}/tier/changes", limit="100"))
    return [(one["tier_before"], one["tier_after"], one["reason"]) for one in read["data"]]


def pay(shop: Shop, member_id: str, **changed: Any) -> dict[str, Any]:
    """A payment for the club, on a new receipt."""
    return accepted(shop.post(f"/members/{member_id}/subscriptions", payment(shop, **changed)))


def payment(shop: Shop, **changed: Any) -> dict[str, Any]:
    receipt = f"fee-{next(shop.numbers)}"
    body = {
        "plan": "prime",
        "paid_amount_minor": 4900,
        "currency": "EUR",
        "receipt_id": receipt,
    }
    return body | changed
