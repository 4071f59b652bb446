"""Rules documents for tests, and a till whose program goes by them."""

from __future__ import annotations

from typing import Any

from tests.api_client import Shop, accepted

Document = dict[str, Any]
BASE: Document = {
    "id": "base",
    "title": "Base",
    "earn": {"kind": "rate", "points": 1, "per_minor": 100},
}


def document(*rules: Document, **sections: Any) -> Document:
    """A rules document in euros; with the base rate alone if no rule is given."""
    return {"format": 1, "currency": "EUR", "rules": list(rules or (BASE,)), **sections}


def fixed(rule_id: str, points: int, **members: Any) -> Document:
    """A rule that gives so many points."""
    return {"id": rule_id, "earn": {"kind": "fixed", "points": points}, **members}


def publish(till: Shop, *rules: Document, **sections: Any) -> int:
    """Drafts and publishes such a document; its version."""
    path = f"/programs/{till.program_id}/rules"
    drafted = accepted(till.post(path, {"document": document(*rules, **sections)}))
    published = accepted(till.post(f"{path}/{drafted['version']}/publish"))
    assert (published["status"], published["hash"]) == ("published", drafted["hash"])
    version: int = published["version"]
    return version


def reasons(answer: dict[str, Any]) -> dict[str, int]:
    """Points by rule, as a purchase or an event answers them."""
    return {reason["rule"]: reason["points"] for reason in answer["points"]["reasons"]}


def pending(till: Shop, member_id: str) -> int:
    """What the member's balance shows as pending."""
    shown: int = accepted(till.get(f"/members/{member_id}/balance"))["pending"]
    return shown
