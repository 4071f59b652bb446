"""Tiers: what a program's ask for and give, which one a member has, and how it changed."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query, Response

from backend.api import present, present_tiers
from backend.api import tier_models as models
from backend.api.auth import Authenticated
from backend.api.documented import MOVING_POINTS, WITH_BODY, idempotent, problems, router
from backend.api.routes.subscriptions import GONE
from backend.services.grant_tier import grant_tier
from backend.services.read_tier import TierRead, read_tier, read_tier_changes
from backend.services.read_tiers import read_program_changes, read_tiers

tiers = router("tiers")

Limit = Annotated[int, Query(ge=1, le=100)]
After = Annotated[str | None, Query(max_length=64, description="The last id of the page before.")]


@tiers.get(
    "/programs/{program_id}/tiers",
    responses=problems("unknown_program"),
    summary="A program's tiers and clubs, and how many have each",
)
async def get_tiers(program_id: str, call: Authenticated) -> models.ProgramTiersOut:
    return present_tiers.program_tiers(await read_tiers(call.house, call.merchant_id, program_id))


@tiers.get(
    "/programs/{program_id}/tier-changes",
    responses=problems("unknown_program", "invalid_request"),
    summary="Every change of a member's tier, the oldest first",
)
async def get_program_tier_changes(
    program_id: str, call: Authenticated, limit: Limit = 20, starting_after: After = None
) -> models.TierChangesPage:
    """Read on from the last id to greet whoever has a new status."""
    found = await read_program_changes(
        call.house, call.merchant_id, program_id, limit + 1, starting_after
    )
    return present_tiers.tier_changes(found, limit)


@tiers.get(
    "/members/{member_id}/tier",
    responses=problems("unknown_member"),
    summary="A member's tier, until when, and what is missing to the next",
)
async def get_member_tier(member_id: str, call: Authenticated) -> models.MemberTierOut:
    """As of now: a tier that lapsed at midnight is gone, whether anything was swept or not."""
    return present_tiers.member_tier(await read_tier(call.house, call.merchant_id, member_id))


@tiers.post(
    "/members/{member_id}/tier",
    response_model=models.MemberTierOut,
    responses=problems(*WITH_BODY, *MOVING_POINTS, *GONE, "tier_unknown", "timestamp_invalid"),
    openapi_extra=idempotent(required=True),
    summary="Grant a member a tier for a while",
)
async def post_member_tier(
    member_id: str, body: models.TierGrantIn, call: Authenticated
) -> Response:
    """Beside the one the member earns: the higher of the two counts."""
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/tier", body))
    until = None if body.until is None else date.fromisoformat(body.until)
    answer = await grant_tier(call.house, claim, member_id, body.tier, until, _as_json)
    return present.answered(answer)


@tiers.get(
    "/members/{member_id}/tier/changes",
    responses=problems("unknown_member", "invalid_request"),
    summary="How a member's tier changed, the oldest first",
)
async def get_member_tier_changes(
    member_id: str, call: Authenticated, limit: Limit = 20, starting_after: After = None
) -> models.TierChangesPage:
    found = await read_tier_changes(
        call.house, call.merchant_id, member_id, limit + 1, starting_after
    )
    return present_tiers.tier_changes(found, limit)


def _as_json(read: TierRead) -> bytes:
    return present.to_json(present_tiers.member_tier(read))
