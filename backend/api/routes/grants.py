"""Grants: rewards that rules gave, waiting to be claimed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from backend.api import present, present_rewards, reward_schemas
from backend.api.auth import Authenticated
from backend.api.documented import MOVING_POINTS, idempotent, problems, router
from backend.core.voucher_codes import CODE_ENTROPY_BYTES, make_code
from backend.services.claim_grant import ClaimGrant
from backend.services.read_grants import list_grants, read_grant

grants = router("grants")


@grants.get(
    "/members/{member_id}/grants",
    responses=problems("unknown_member", "unknown_grant", "invalid_request"),
    summary="The rewards that rules gave a member, newest first",
)
async def get_grants(
    member_id: str,
    call: Authenticated,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    starting_after: Annotated[
        str | None, Query(max_length=64, description="The last id of the page before.")
    ] = None,
) -> reward_schemas.GrantsPage:
    found, has_more = await list_grants(
        call.house, call.merchant_id, member_id, limit, starting_after
    )
    return reward_schemas.GrantsPage(
        data=[present_rewards.grant(each) for each in found], has_more=has_more
    )


@grants.post(
    "/grants/{grant_id}/claims",
    status_code=201,
    response_model=reward_schemas.ClaimAnswer,
    responses=problems(
        *MOVING_POINTS,
        "unknown_grant",
        "grant_used",
        "grant_without_reward",
        "reward_not_offered",
        "reward_sold_out",
        "member_deactivated",
        "member_closed",
    ),
    openapi_extra=idempotent(required=True),
    summary="Claim a granted reward, without points",
)
async def claim_grant(grant_id: str, call: Authenticated) -> Response:
    """Gives one of what was granted: a voucher with its code, or whatever a claim of the reward
    gives, at its first price step. What is refused leaves the grant open."""
    house = call.house
    claim = call.required_claim(present.fingerprint(f"grants/{grant_id}/claims"))
    given, reward_id = await read_grant(house, call.merchant_id, grant_id)
    command = ClaimGrant(
        claim,
        grant_id,
        given["program_id"],
        given["member_id"],
        reward_id,
        make_code(house.entropy(CODE_ENTROPY_BYTES)),
        present_rewards.claim_changed,
    )
    return present.answered(await house.committer.submit(command))
