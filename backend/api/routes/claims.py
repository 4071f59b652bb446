"""Claims: take a reward, capture or cancel what was held, note the handover."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query, Response

from backend.api import present, present_rewards, reward_requests, reward_schemas
from backend.api.auth import Authenticated, Call
from backend.api.documented import (
    MOVING_POINTS,
    NAMING_A_MEMBER,
    WITH_BODY,
    idempotent,
    problems,
    router,
)
from backend.api.routes.consent import SIGNED
from backend.api.routes.purchases import member_by
from backend.core.voucher_codes import CODE_ENTROPY_BYTES, make_code
from backend.services.ask_confirmation import new_ask
from backend.services.claim_reward import ClaimReward
from backend.services.close_claim import CancelClaim, CaptureClaim, FulfilClaim
from backend.services.lookup import MemberById, MemberRef
from backend.services.read_rewards import list_claims, place_of_claim, read_claim, read_reward
from backend.services.signed_burn import look_at_consent, look_at_member

claims = router("claims")


@claims.post(
    "/rewards/{reward_id}/claims",
    status_code=201,
    response_model=reward_schemas.ClaimAnswer,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        *NAMING_A_MEMBER,
        *SIGNED,
        "unknown_reward",
        "reward_not_offered",
        "tier_required",
        "reward_limit_reached",
        "reward_sold_out",
        "insufficient_points",
    ),
    openapi_extra=idempotent(required=True),
    summary="Claim a reward for a member",
)
async def claim_reward(
    reward_id: str, body: reward_requests.RewardClaimIn, call: Authenticated
) -> Response:
    """Burns the points and gives the reward: a voucher with its code, a donation receipt, or
    something to hand over. With `capture: false` points and one of the stock are held instead,
    for the program's `hold_ttl_seconds`, until the claim is captured or cancelled. With
    `confirm: member` a member who signs for their points is asked on their card: both are held
    until they answer."""
    house = call.house
    claim = call.required_claim(present.fingerprint(f"rewards/{reward_id}/claims", body))
    reward, program = await read_reward(house, call.merchant_id, reward_id)
    ref = _member_ref(call, program.id, body)
    consent = body.consent.consent() if body.consent else None
    points = reward.terms.step(body.step).points
    signed = await look_at_consent(house, call.merchant_id, ref, points, consent)
    ask = new_ask(house, body.till, body.note) if body.confirm else None
    command = ClaimReward(
        claim,
        reward_id,
        ref,
        body.step,
        body.capture,
        make_code(house.entropy(CODE_ENTROPY_BYTES)),
        partial(present_rewards.claim_changed, base_url=str(call.request.base_url)),
        signed,
        ask,
    )
    return present.answered(await house.committer.submit(command))


@claims.get(
    "/members/{member_id}/claims",
    responses=problems("unknown_member", "unknown_claim", "invalid_request"),
    summary="A member's claims and vouchers, newest first",
)
async def get_claims(
    member_id: str,
    call: Authenticated,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    starting_after: Annotated[
        str | None, Query(max_length=64, description="The last id of the page before.")
    ] = None,
) -> reward_schemas.ClaimsPage:
    found, has_more = await list_claims(
        call.house, call.merchant_id, member_id, limit, starting_after
    )
    now_ms = call.house.now_ms()
    data = [present_rewards.claim(each, now_ms) for each in found]
    return reward_schemas.ClaimsPage(data=data, has_more=has_more)


@claims.get(
    "/claims/{claim_id}",
    responses=problems("unknown_claim"),
    summary="Read a claim with its voucher",
)
async def get_claim(claim_id: str, call: Authenticated) -> reward_schemas.ClaimOut:
    found = await read_claim(call.house, call.merchant_id, claim_id)
    return present_rewards.claim(found, call.house.now_ms())


@claims.post(
    "/claims/{claim_id}/capture",
    response_model=reward_schemas.ClaimAnswer,
    responses=problems(
        *MOVING_POINTS,
        "unknown_claim",
        "claim_not_held",
        "insufficient_points",
        "signature_required",
        "confirmation_awaited",
        "member_deactivated",
        "member_closed",
    ),
    openapi_extra=idempotent(required=True),
    summary="Burn the points of a held claim and give the reward",
)
async def capture_claim(claim_id: str, call: Authenticated) -> Response:
    claim = call.required_claim(present.fingerprint(f"claims/{claim_id}/capture"))
    place, member_id = await place_of_claim(call.house, call.merchant_id, claim_id)
    signed = await look_at_member(call.house, call.merchant_id, member_id)
    code = make_code(call.house.entropy(CODE_ENTROPY_BYTES))
    command = CaptureClaim(claim, place, code, present_rewards.claim_changed, signed)
    return present.answered(await call.house.committer.submit(command))


@claims.post(
    "/claims/{claim_id}/cancel",
    response_model=reward_schemas.ClaimAnswer,
    responses=problems(
        *MOVING_POINTS,
        "unknown_claim",
        "claim_not_cancellable",
        "consent_in_flight",
        "points_out_of_range",
        "member_closed",
    ),
    openapi_extra=idempotent(required=True),
    summary="Cancel a claim and give its points back",
)
async def cancel_claim(claim_id: str, call: Authenticated) -> Response:
    """A hold always; what was granted within the reward's `cancel_within_hours`, while its voucher
    is not used. The points come back as old as they were; what expired meanwhile does not."""
    claim = call.required_claim(present.fingerprint(f"claims/{claim_id}/cancel"))
    place, _ = await place_of_claim(call.house, call.merchant_id, claim_id)
    command = CancelClaim(claim, place, present_rewards.claim_changed)
    return present.answered(await call.house.committer.submit(command))


@claims.post(
    "/claims/{claim_id}/fulfil",
    response_model=reward_schemas.ClaimAnswer,
    responses=problems(*MOVING_POINTS, "unknown_claim", "claim_not_granted", "voucher_not_usable"),
    openapi_extra=idempotent(required=True),
    summary="Note that a claim was handed over",
)
async def fulfil_claim(claim_id: str, call: Authenticated) -> Response:
    """For what is sent or done without a till. A voucher that a till redeems does it by itself."""
    claim = call.required_claim(present.fingerprint(f"claims/{claim_id}/fulfil"))
    place, _ = await place_of_claim(call.house, call.merchant_id, claim_id)
    command = FulfilClaim(claim, place, present_rewards.claim_changed)
    return present.answered(await call.house.committer.submit(command))


def _member_ref(call: Call, program_id: str, body: reward_requests.RewardClaimIn) -> MemberRef:
    if body.member is not None:
        return member_by(call.house, program_id, body.member)
    return MemberById(program_id, body.member_id or "")
