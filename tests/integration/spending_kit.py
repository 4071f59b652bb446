"""Rewards, vouchers and rules of spending of a test shop."""

from __future__ import annotations

from typing import Any

from tests.api_client import Shop, accepted
from tests.earning_kit import publish

COFFEE = {"en": "A coffee", "fr": "Un café"}
GIFT = {"kind": "gift_card", "title": {"en": "Gift card", "fr": "Carte cadeau"}}


def reward_body(till: Shop, kind: str = "product", **terms: Any) -> dict[str, Any]:
    """An active reward of 10 points; a coffee, unless said otherwise."""
    body: dict[str, Any] = {
        "program_id": till.program_id,
        "state": "active",
        "kind": kind,
        "title": COFFEE,
        "steps": [{"points": 10}],
    }
    if kind == "product":
        body["sku"] = "COFFEE"
    return body | terms


def reward(till: Shop, kind: str = "product", **terms: Any) -> str:
    """The id of such a reward."""
    return str(accepted(till.post("/rewards", reward_body(till, kind, **terms)))["id"])


def claim(till: Shop, reward_id: str, member_id: str, **terms: Any) -> dict[str, Any]:
    """A claim that was accepted."""
    body = {"member_id": member_id} | terms
    return accepted(till.post(f"/rewards/{reward_id}/claims", body))


def gift_card(till: Shop, amount_minor: int = 5000, **terms: Any) -> dict[str, Any]:
    """A voucher with a stored value."""
    body = {"program_id": till.program_id, "kind": "value", "amount_minor": amount_minor}
    return accepted(till.post("/vouchers", body | {"benefit": GIFT} | terms))


def use(till: Shop, code: str, **terms: Any) -> dict[str, Any]:
    """A use of a voucher that was accepted."""
    return accepted(till.post("/voucher-uses", {"code": code} | terms))


def publish_spending(till: Shop, **spend: int) -> None:
    """Rules in force: 1 point per euro paid in money, and what points are worth."""
    publish(till, spend=spend)
