"""Members' lives: what they are known by, lost cards, merges, closing; cards and QR codes."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query, Response

from backend.api import life_models as models
from backend.api import present, present_life
from backend.api.auth import Authenticated, Call
from backend.api.documented import (
    MOVING_POINTS,
    WITH_BODY,
    WITH_KEY,
    idempotent,
    problems,
    router,
)
from backend.core.membership import MembershipState
from backend.services.change_identifiers import ChangeIdentifiers
from backend.services.change_state import ChangeState
from backend.services.close_member import CloseMember
from backend.services.find_member import member_record
from backend.services.merge_members import MergeMembers
from backend.services.qr_codes import QR_SECONDS_MAX, member_qr, new_cards
from backend.services.read_membership import read_changes, read_memberships
from backend.services.replace_card import replace_card
from backend.services.signed_burn import look_at_member

lives = router("members' lives")

GONE: Final = ("unknown_member", "member_closed", "member_merged")
KNOWN_BY: Final = (
    "identifier_invalid", "card_check_invalid", "card_blocked", "member_already_enrolled",
)  # fmt: skip


@lives.post(
    "/members/{member_id}/identifiers",
    response_model=models.IdentityOut,
    responses=problems(*WITH_BODY, *WITH_KEY, *GONE, *KNOWN_BY),
    openapi_extra=idempotent(required=False),
    summary="Add identifiers to a member, or replace them",
)
async def change_identifiers(
    member_id: str, body: models.IdentifiersIn, call: Authenticated
) -> Response:
    """A member can be known by several of a kind; the newest is shown first."""
    record = await member_record(call.house, call.merchant_id, member_id)
    command = ChangeIdentifiers.build(
        call.house,
        call.merchant_id,
        call.optional_claim(present.fingerprint(f"members/{member_id}/identifiers", body)),
        (record.program_id, record.id),
        body.identifiers(),
        present_life.identity,
        replace=body.replace,
    )
    return present.answered(await call.house.committer.submit(command))


@lives.post(
    "/members/{member_id}/card-replacement",
    response_model=models.CardReplacedOut,
    responses=problems(
        *WITH_BODY, *MOVING_POINTS, *GONE, *KNOWN_BY, "unknown_identifier", "signature_invalid"
    ),
    openapi_extra=idempotent(required=True),
    summary="Replace a lost card: the old one is refused for ever, the points are kept",
)
async def card_replacement(
    member_id: str, body: models.CardReplacementIn, call: Authenticated
) -> Response:
    """The old card answers `card_blocked` from now on, at every till of the program."""
    path = f"members/{member_id}/card-replacement"
    answer = await replace_card(
        call.house,
        call.required_claim(present.fingerprint(path, body)),
        member_id,
        body.cards(),
        body.consent.consent() if body.consent else None,
        present_life.card_replaced,
        rebind=body.rebind,
    )
    return present.answered(answer)


@lives.post(
    "/members/{member_id}/deactivate",
    response_model=models.StateOut,
    responses=problems(*WITH_KEY, *GONE),
    openapi_extra=idempotent(required=False),
    summary="Deactivate a member: nothing is earned or spent until they are reactivated",
)
async def deactivate(member_id: str, call: Authenticated) -> Response:
    """Points stay, and expire when they would have."""
    return await _to_state(call, member_id, "deactivate", MembershipState.DEACTIVATED)


@lives.post(
    "/members/{member_id}/reactivate",
    response_model=models.StateOut,
    responses=problems(*WITH_KEY, *GONE),
    openapi_extra=idempotent(required=False),
    summary="Reactivate a member",
)
async def reactivate(member_id: str, call: Authenticated) -> Response:
    return await _to_state(call, member_id, "reactivate", MembershipState.ACTIVE)


async def _to_state(call: Call, member_id: str, step: str, state: MembershipState) -> Response:
    record = await member_record(call.house, call.merchant_id, member_id)
    claim = call.optional_claim(present.fingerprint(f"members/{member_id}/{step}"))
    command = ChangeState(
        claim, call.merchant_id, record.program_id, record.id, state, present_life.state
    )
    return present.answered(await call.house.committer.submit(command))


CLOSING: Final = problems(
    *WITH_BODY, *MOVING_POINTS, *GONE, "member_has_holds", "points_left"
)  # fmt: skip


@lives.post(
    "/members/{member_id}/close",
    response_model=models.ClosedOut,
    responses=CLOSING,
    openapi_extra=idempotent(required=True),
    summary="Close a membership for good",
)
async def close(member_id: str, body: models.ClosingIn, call: Authenticated) -> Response:
    """With points left it needs `forfeit_points`; holds have to be captured or cancelled first."""
    return await _close(call, member_id, body, erase=False)


@lives.post(
    "/members/{member_id}/erase",
    response_model=models.ClosedOut,
    responses=CLOSING,
    openapi_extra=idempotent(required=True),
    summary="Close a membership and destroy all personal data of the member",
)
async def erase(member_id: str, body: models.ClosingIn, call: Authenticated) -> Response:
    """The accounting entries stay, without anything that says whose they were. It cannot be
    undone: the key that the data was sealed under is destroyed."""
    return await _close(call, member_id, body, erase=True)


async def _close(call: Call, member_id: str, body: models.ClosingIn, *, erase: bool) -> Response:
    step = "erase" if erase else "close"
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/{step}", body))
    record = await member_record(call.house, call.merchant_id, member_id)
    signed = await look_at_member(call.house, call.merchant_id, record.id)
    command = CloseMember(
        claim, record.program_id, record.id, body.forfeit_points, erase, present_life.closed, signed
    )
    return present.answered(await call.house.committer.submit(command))


@lives.post(
    "/members/{member_id}/merge",
    response_model=models.MergedOut,
    responses=problems(
        *WITH_BODY, *MOVING_POINTS, *GONE, "merge_impossible", "member_has_holds",
        "consent_in_flight", "signature_required", "points_out_of_range",
    ),
    openapi_extra=idempotent(required=True),
    summary="Merge a member into another who is the same person",
)  # fmt: skip
async def merge(member_id: str, body: models.MergeIn, call: Authenticated) -> Response:
    """Points move with their ages, identifiers find the other member; this one says
    `merged_into` and stays readable."""
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/merge", body))
    source = await member_record(call.house, call.merchant_id, member_id)
    target = await member_record(call.house, call.merchant_id, body.into_member_id)
    signed = await look_at_member(call.house, call.merchant_id, source.id)
    command = MergeMembers(
        claim, source.program_id, source.id, target.id, present_life.merged, signed
    )
    return present.answered(await call.house.committer.submit(command))


@lives.get(
    "/members/{member_id}/qr",
    responses=problems(*GONE, "member_deactivated", "invalid_request"),
    summary="A QR code that names the member at the till for a few minutes",
)
async def get_qr(
    member_id: str,
    call: Authenticated,
    seconds: Annotated[int, Query(ge=10, le=QR_SECONDS_MAX)] = 120,
) -> models.QrOut:
    """Nobody can make one or change one; a photograph of it is worth nothing afterwards."""
    code = await member_qr(call.house, call.merchant_id, member_id, seconds)
    return present_life.qr(member_id, code)


@lives.get(
    "/members/{member_id}/memberships",
    responses=problems("unknown_member"),
    summary="In which of your programs the person is a member",
)
async def get_memberships(member_id: str, call: Authenticated) -> models.MembershipsOut:
    """Found by what the member is known by: phone, e-mail, card, external id."""
    return present_life.memberships(await read_memberships(call.house, call.merchant_id, member_id))


@lives.get(
    "/members/{member_id}/changes",
    responses=problems("unknown_member"),
    summary="The steps of a member's life, newest first",
)
async def get_changes(member_id: str, call: Authenticated) -> models.ChangesOut:
    return present_life.changes(await read_changes(call.house, call.merchant_id, member_id))


@lives.post(
    "/programs/{program_id}/cards",
    responses=problems(*WITH_BODY, "unknown_program"),
    summary="Make card numbers and their QR codes, to be printed",
)
async def make_cards(program_id: str, body: models.CardsIn, call: Authenticated) -> models.CardsOut:
    """Nothing is stored: enrol a member with the number or the QR code of the card."""
    made = await new_cards(call.house, call.merchant_id, program_id, body.count)
    return present_life.cards(program_id, made)
