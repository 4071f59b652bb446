"""Badges: given to members, taken back, read; and what every wallet may know of their types."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from backend.api import badge_models as models
from backend.api import present
from backend.api.auth import Authenticated
from backend.api.documented import MOVING_POINTS, WITH_BODY, idempotent, problems, router
from backend.api.errors import Problem
from backend.api.fields import to_rfc3339
from backend.core import badges as core
from backend.core.badges import BadgeType, Wording
from backend.core.calls import CallKind
from backend.ledger.badges import BadgeRecord
from backend.ledger.calls import CallRecord
from backend.services.badge_calls import BadgeChanged
from backend.services.issue_badge import issue_badge
from backend.services.read_badges import read_badges
from backend.services.revoke_badge import revoke_badge

badges = router("badges")
badge_types = APIRouter(tags=["badge types"])

# Wallets read token metadata from pages of other origins; there is nothing to keep from them.
_FOR_EVERYONE: Final = {"Access-Control-Allow-Origin": "*"}


@badges.post(
    "/members/{member_id}/badges",
    status_code=202,
    response_model=models.BadgeChangeOut,
    responses=problems(
        *WITH_BODY, *MOVING_POINTS, "unknown_member", "badge_type_unknown", "badge_already_held",
        "badges_not_deployed", "consent_in_flight", "chain_unavailable",
    ),
    openapi_extra=idempotent(required=True),
    summary="Give a member a badge",
)  # fmt: skip
async def post_badge(member_id: str, body: models.BadgeIn, call: Authenticated) -> Response:
    """A member has one badge of a type at most; nobody but the member sees whose it is."""
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/badges", body))
    answer = await issue_badge(call.house, claim, member_id, body.type, _changed)
    return present.answered(answer)


@badges.delete(
    "/members/{member_id}/badges/{badge_id}",
    status_code=202,
    response_model=models.BadgeChangeOut,
    responses=problems(
        *MOVING_POINTS, "unknown_member", "unknown_badge", "badge_not_held", "consent_in_flight"
    ),
    openapi_extra=idempotent(required=True),
    summary="Take a badge back",
)
async def delete_badge(member_id: str, badge_id: str, call: Authenticated) -> Response:
    route = f"members/{member_id}/badges/{badge_id}/revoke"
    claim = call.required_claim(present.fingerprint(route))
    answer = await revoke_badge(call.house, claim, member_id, badge_id, _changed)
    return present.answered(answer)


@badges.get(
    "/members/{member_id}/badges",
    responses=problems("unknown_member"),
    summary="Read a member's badges",
)
async def get_badges(member_id: str, call: Authenticated) -> models.BadgesPage:
    """Those the member has or had, the oldest first."""
    read = await read_badges(call.house, call.merchant_id, member_id)
    return models.BadgesPage(data=[_badge(one) for one in read.badges])


@badge_types.get("/badges", summary="The badge types there are")
async def get_badge_types(response: Response) -> models.BadgeTypesPage:
    response.headers.update(_FOR_EVERYONE)
    return models.BadgeTypesPage(data=[_type(one) for one in core.TYPES])


@badge_types.get(
    "/badges/{type_number}",
    responses={404: {"description": "There is no such badge type."}},
    summary="Metadata of a badge type, as token URIs name it",
)
async def get_badge_type(type_number: str, response: Response) -> models.BadgeTypeOut:
    """Without a key: the same for every holder, and nothing about any."""
    for one in core.TYPES:
        if type_number == str(one.number):
            response.headers.update(_FOR_EVERYONE)
            return _type(one)
    raise Problem(404, "not_found", "There is no such badge type.")


def _changed(done: BadgeChanged) -> bytes:
    return present.to_json(
        models.BadgeChangeOut(
            id=done.badge_id,
            program_id=done.program_id,
            member_id=done.member_id,
            type=done.type.name,
            type_number=done.type.number,
            contract_address=done.contract,
            token_id=f"0x{done.token:064x}",
            call_id=done.call_id,
            action="issue" if done.kind is CallKind.ISSUE_BADGES else "revoke",
        )
    )


def _badge(record: BadgeRecord) -> models.BadgeOut:
    kind = core.badge_type(core.type_number(record.token))
    return models.BadgeOut(
        id=record.id,
        type=kind.name,
        type_number=kind.number,
        contract_address=record.contract,
        token_id=f"0x{record.token:064x}",
        held=record.is_held,
        created_at=to_rfc3339(record.since_ms),
        settlement=_settlement(record.issue),
        revocation=_settlement(record.revocation) if record.revocation else None,
    )


def _settlement(record: CallRecord) -> models.BadgeSettlementOut:
    return models.BadgeSettlementOut(
        call_id=record.id,
        status=record.state.value,
        tx_hash=record.tx_hash,
        block_number=record.block_number,
        parked_reason=record.parked_reason,
    )


def _type(one: BadgeType) -> models.BadgeTypeOut:
    return models.BadgeTypeOut(
        name=one.english.name,
        description=one.english.description,
        type=one.name,
        type_number=one.number,
        localized={"en": _wording(one.english), "fr": _wording(one.french)},
    )


def _wording(said: Wording) -> models.WordingOut:
    return models.WordingOut(name=said.name, description=said.description)
