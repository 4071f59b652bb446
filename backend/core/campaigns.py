"""Campaigns as they stand in a rules document: a budget, a span of days, rules that draw on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from backend.core.mechanics import Document, with_rule

Row = Mapping[str, Any]
FOR_ALL: Final = "all"
FOR_NEW: Final = "new"
FOR_REGULARS: Final = "regulars"
FOR_ABSENT: Final = "absent"
TIER: Final = "tier:"
SEGMENT: Final = "segment:"

_WHEN: Final[Mapping[str, Document]] = {
    FOR_ALL: {},
    FOR_NEW: {"member_days": {"max": 30}},
    FOR_REGULARS: {"visits": {"min": 3, "months": 3}},
    FOR_ABSENT: {"idle_days": {"min": 60}},
}


class CampaignState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    SPENT = "spent"  # its days are not over, its budget is
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign of the rules in force, or one of which only the points are left."""

    id: str
    title: str
    state: CampaignState
    first_day: date | None
    last_day: date | None
    budget_points: int | None
    used_points: int
    rules: tuple[Row, ...]


def campaigns_of(document: Row | None, used: Mapping[str, int], today: date) -> list[Campaign]:
    """Those of an accepted document, in its order, and then those that gave points and are in it
    no more."""
    found = []
    for row in (document or {}).get("campaigns", []):
        rules = tuple(
            rule for rule in (document or {})["rules"] if rule.get("campaign") == row["id"]
        )
        spans = [row, *rules] if len(rules) == 1 else [row]
        first = max((_day(one.get("from")) or date.min for one in spans), default=date.min)
        last = min((_day(one.get("until")) or date.max for one in spans), default=date.max)
        points = used.get(row["id"], 0)
        found.append(
            Campaign(
                row["id"],
                row.get("title", row["id"]),
                _state(first, last, row["budget_points"] - points, today),
                None if first == date.min else first,
                None if last == date.max else last,
                row["budget_points"],
                points,
                rules,
            )
        )
    known = {one.id for one in found}
    gone = [
        Campaign(name, name, CampaignState.ENDED, None, None, None, points, ())
        for name, points in sorted(used.items())
        if points and name not in known
    ]
    return [*found, *gone]


def _state(first: date, last: date, left_points: int, today: date) -> CampaignState:
    if today > last:
        return CampaignState.ENDED
    if today < first:
        return CampaignState.PLANNED
    return CampaignState.RUNNING if left_points > 0 else CampaignState.SPENT


def _day(text: object) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else None


def audiences(document: Row) -> list[str]:
    """Whom a campaign can be for under a document, as keys: the usual ones, its own segments and
    its tiers."""
    segments = [f"{SEGMENT}{each['id']}" for each in document.get("segments", [])]
    levels = document.get("tiers", {}).get("levels", [])
    return [*_WHEN, *segments, *(f"{TIER}{level['id']}" for level in levels)]


def with_campaign(
    document: Row,
    campaign_id: str,
    title: str,
    first: date,
    last: date,
    budget_points: int,
    audience: str,
    earn: Document,
    category: str = "",
) -> Document:
    """The document with the campaign and its one rule, which has the campaign's id."""
    changed: Document = deepcopy(dict(document))
    rows: list[Document] = changed.setdefault("campaigns", [])
    span = {"from": first.isoformat(), "until": last.isoformat()}
    row = {"id": campaign_id, "title": title, "budget_points": budget_points, **span}
    rows[:] = [each for each in rows if each["id"] != campaign_id] + [row]
    rule: Document = {
        "id": campaign_id, "title": title, **span, "campaign": campaign_id, "earn": earn,
    }  # fmt: skip
    if category:
        rule["lines"] = {"category": [category]}
    if when := _when(audience):
        rule["when"] = when
    return with_rule(changed, rule)


def without_campaign(document: Row, campaign_id: str, today: date) -> Document:
    """The document with the campaign over: what ran until yesterday ends with it, what began today
    or has not begun is taken out."""
    changed: Document = deepcopy(dict(document))
    yesterday = (today - timedelta(days=1)).isoformat()
    rows: Sequence[Document] = changed.get("campaigns", [])
    row = next((each for each in rows if each["id"] == campaign_id), {})
    if row.get("from", "") <= yesterday:
        row["until"] = min(row.get("until", yesterday), yesterday)
        for rule in changed["rules"]:
            if rule.get("campaign") == campaign_id and rule.get("from", "") <= yesterday:
                rule["until"] = min(rule.get("until", yesterday), yesterday)
        return changed
    kept = [each for each in rows if each["id"] != campaign_id]
    changed["rules"] = [each for each in changed["rules"] if each.get("campaign") != campaign_id]
    if kept:
        changed["campaigns"] = kept
    else:
        changed.pop("campaigns", None)
    return changed


def _when(audience: str) -> Document:
    if audience.startswith(TIER):
        return {"tier": [audience.removeprefix(TIER)]}
    if audience.startswith(SEGMENT):
        return {"segment": [audience.removeprefix(SEGMENT)]}
    return dict(_WHEN[audience])
