"""Rewards, vouchers and rules of spending of a test shop."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update

from backend.core.canonical import canonical_json
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.rule_tables import RuleVersion
from backend.ledger.tables import ProgramTotals
from tests.api_client import Shop, accepted

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
    """Rules in force that say nothing but what points are worth."""
    totals, versions = table_of(ProgramTotals), table_of(RuleVersion)
    row = {
        "program_id": till.program_id,
        "version": 1,
        "state": "published",
        "document": canonical_json({"format": 1, "rules": [], "spend": spend}).decode(),
        "rules_hash": "00" * 32,
        "created_at_ms": till.clock(),
    }
    with writing(till.database.ledger) as connection:
        connection.execute(insert(versions), row)
        here = totals.c.program_id == till.program_id
        connection.execute(update(totals).where(here).values(rules_version=1))
