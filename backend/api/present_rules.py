"""Turns rules, offers and progress into the API's answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backend.api.fields import to_rfc3339
from backend.api.rule_models import (
    OfferOut,
    OffersPage,
    ProgressOut,
    ProgressStep,
    RulesOut,
)
from backend.services.read_offers import MemberNow


def rules(row: Mapping[str, Any]) -> RulesOut:
    published_ms, retired_ms = row["published_at_ms"], row["retired_at_ms"]
    return RulesOut(
        program_id=row["program_id"],
        version=row["version"],
        status=row["state"],
        hash=row["rules_hash"],
        created_at=to_rfc3339(row["created_at_ms"]),
        published_at=None if published_ms is None else to_rfc3339(published_ms),
        retired_at=None if retired_ms is None else to_rfc3339(retired_ms),
        document=json.loads(row["document"]),
    )


def offers(read: MemberNow) -> OffersPage:
    data = [
        OfferOut(
            rule=offer.rule,
            title=dict(offer.title),
            event=offer.event,
            earn=dict(offer.earn),
            lines=None if offer.lines is None else dict(offer.lines),
            requires=dict(offer.requires),
            last_day=None if offer.last_day is None else offer.last_day.isoformat(),
        )
        for offer in read.offers
    ]
    return OffersPage(data=data, has_more=False)


def progress(read: MemberNow) -> ProgressOut:
    standing = read.standing
    return ProgressOut(
        member_id=read.member_id,
        program_id=read.program_id,
        purchase_count=standing.purchase_count,
        visit_days=standing.visit_days,
        spend_minor=standing.spend_minor,
        earned_points=standing.earned_points,
        last_purchase_on=None if standing.last_day is None else standing.last_day.isoformat(),
        segments=list(read.segments),
        labels=sorted(standing.labels),
        steps=[
            ProgressStep(
                rule=step.rule,
                title=dict(step.title),
                unit=step.unit,
                done=step.done,
                goal=step.goal,
                missing=step.missing,
                points=step.points,
                reward=step.reward,
            )
            for step in read.progress
        ],
    )
