"""Rewards: the catalogue, what a member can reach of it, and the charities it can give to."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response

from backend.api import present, present_rewards, reward_requests, reward_schemas
from backend.api.auth import Authenticated, Call
from backend.api.documented import WITH_BODY, WITH_KEY, idempotent, problems, router
from backend.core.rewards import RewardState
from backend.services.create_reward import CreateReward
from backend.services.list_charity import DelistCharity, ListCharity
from backend.services.open_reward import MoveReward
from backend.services.reachable_rewards import reachable_rewards
from backend.services.read_rewards import (
    list_charities,
    list_rewards,
    program_of_charity,
    read_reward,
)
from backend.services.revise_reward import ReviseReward

rewards = router("rewards")
Program = Annotated[str, Query(max_length=64)]


@rewards.post(
    "/rewards",
    status_code=201,
    response_model=reward_schemas.RewardOut,
    responses=problems(
        *WITH_BODY,
        *WITH_KEY,
        "unknown_program",
        "reward_invalid",
        "unknown_charity",
        "reward_key_taken",
    ),
    openapi_extra=idempotent(required=False),
    summary="Put a reward into the catalogue",
)
async def create_reward(body: reward_requests.RewardIn, call: Authenticated) -> Response:
    """A `draft` is seen by nobody but you; publish it, or create it `active`."""
    command = CreateReward(
        call.merchant_id,
        call.optional_claim(present.fingerprint("rewards", body)),
        body.program_id,
        body.terms(),
        RewardState(body.state),
        body.key,
        present_rewards.reward_changed,
    )
    return present.answered(await call.house.committer.submit(command))


@rewards.get(
    "/rewards",
    responses=problems("unknown_program", "invalid_request"),
    summary="List the rewards of a program",
)
async def get_rewards(
    program_id: Program,
    call: Authenticated,
    state: Annotated[Literal["draft", "active", "archived"] | None, Query()] = None,
) -> reward_schemas.RewardsPage:
    found, program = await list_rewards(call.house, call.merchant_id, program_id, state)
    data = [present_rewards.reward(each, program.currency) for each in found]
    return reward_schemas.RewardsPage(data=data, has_more=False)


@rewards.get(
    "/rewards/{reward_id}",
    responses=problems("unknown_reward"),
    summary="Read a reward",
)
async def get_reward(reward_id: str, call: Authenticated) -> reward_schemas.RewardOut:
    found, program = await read_reward(call.house, call.merchant_id, reward_id)
    return present_rewards.reward(found, program.currency)


@rewards.post(
    "/rewards/{reward_id}/revise",
    response_model=reward_schemas.RewardOut,
    responses=problems(
        *WITH_BODY,
        *WITH_KEY,
        "unknown_reward",
        "reward_invalid",
        "unknown_charity",
        "reward_not_editable",
    ),
    openapi_extra=idempotent(required=False),
    summary="Give a reward other terms",
)
async def revise_reward(
    reward_id: str, body: reward_requests.RewardTermsIn, call: Authenticated
) -> Response:
    """The whole of its terms anew. Claims that were made keep what they were promised."""
    claim = call.optional_claim(present.fingerprint(f"rewards/{reward_id}/revise", body))
    terms = body.terms()
    found, _ = await read_reward(call.house, call.merchant_id, reward_id)
    command = ReviseReward(
        call.merchant_id,
        claim,
        reward_id,
        found.program_id,
        terms,
        present_rewards.reward_changed,
    )
    return present.answered(await call.house.committer.submit(command))


@rewards.post(
    "/rewards/{reward_id}/publish",
    response_model=reward_schemas.RewardOut,
    responses=problems(*WITH_KEY, "unknown_reward", "unknown_charity", "reward_not_editable"),
    openapi_extra=idempotent(required=False),
    summary="Open a reward to members",
)
async def publish_reward(reward_id: str, call: Authenticated) -> Response:
    return await _move(reward_id, call, RewardState.ACTIVE)


@rewards.post(
    "/rewards/{reward_id}/archive",
    response_model=reward_schemas.RewardOut,
    responses=problems(*WITH_KEY, "unknown_reward"),
    openapi_extra=idempotent(required=False),
    summary="Take a reward out of the catalogue for good",
)
async def archive_reward(reward_id: str, call: Authenticated) -> Response:
    """Claims that were made, and their vouchers, stand."""
    return await _move(reward_id, call, RewardState.ARCHIVED)


@rewards.get(
    "/members/{member_id}/rewards",
    responses=problems("unknown_member"),
    summary="What a member can have, and what is missing for the rest",
)
async def get_reachable(member_id: str, call: Authenticated) -> reward_schemas.ReachablePage:
    return present_rewards.reachable(
        await reachable_rewards(call.house, call.merchant_id, member_id)
    )


@rewards.post(
    "/charities",
    status_code=201,
    response_model=reward_schemas.CharityOut,
    responses=problems(*WITH_BODY, *WITH_KEY, "unknown_program"),
    openapi_extra=idempotent(required=False),
    summary="List a charity that members can donate to",
)
async def list_charity(body: reward_requests.CharityIn, call: Authenticated) -> Response:
    command = ListCharity(
        call.merchant_id,
        call.optional_claim(present.fingerprint("charities", body)),
        body.program_id,
        body.name,
        body.registration,
        body.url,
        present_rewards.charity_changed,
    )
    return present.answered(await call.house.committer.submit(command))


@rewards.get(
    "/charities",
    responses=problems("unknown_program", "invalid_request"),
    summary="The charities of a program, and what was given to each",
)
async def get_charities(program_id: Program, call: Authenticated) -> reward_schemas.CharitiesPage:
    found = await list_charities(call.house, call.merchant_id, program_id)
    data = [present_rewards.charity(row) for row in found]
    return reward_schemas.CharitiesPage(data=data, has_more=False)


@rewards.post(
    "/charities/{charity_id}/delist",
    response_model=reward_schemas.CharityOut,
    responses=problems(*WITH_KEY, "unknown_charity"),
    openapi_extra=idempotent(required=False),
    summary="Take a charity off the list",
)
async def delist_charity(charity_id: str, call: Authenticated) -> Response:
    """Its rewards take no more claims; receipts that were given stand."""
    claim = call.optional_claim(present.fingerprint(f"charities/{charity_id}/delist"))
    program_id = await program_of_charity(call.house, call.merchant_id, charity_id)
    command = DelistCharity(
        call.merchant_id, claim, charity_id, program_id, present_rewards.charity_changed
    )
    return present.answered(await call.house.committer.submit(command))


async def _move(reward_id: str, call: Call, state: RewardState) -> Response:
    claim = call.optional_claim(present.fingerprint(f"rewards/{reward_id}/{state.value}"))
    found, _ = await read_reward(call.house, call.merchant_id, reward_id)
    command = MoveReward(
        call.merchant_id, claim, reward_id, found.program_id, state, present_rewards.reward_changed
    )
    return present.answered(await call.house.committer.submit(command))
