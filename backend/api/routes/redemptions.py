"""Redemptions: hold, capture, cancel."""

from __future__ import annotations

from fastapi import Response

from backend.api import present, present_redemptions, requests, schemas
from backend.api.auth import Authenticated, Call
from backend.api.documented import (
    MOVING_POINTS,
    NAMING_A_MEMBER,
    WITH_BODY,
    idempotent,
    problems,
    router,
)
from backend.api.payment_models import CaptureIn
from backend.api.routes.consent import SIGNED
from backend.api.routes.purchases import member_ref
from backend.core.errors import UnknownRedemption
from backend.core.ids import is_id
from backend.ledger.programs import member_of_redemption, program_of_redemption
from backend.services.ask_confirmation import new_ask
from backend.services.read_redemption import read_redemption
from backend.services.redeem import CloseRedemption, HoldPoints
from backend.services.signed_burn import UNSIGNED, look_at_consent, look_at_member

redemptions = router("redemptions")


@redemptions.post(
    "/redemptions",
    status_code=201,
    response_model=schemas.RedemptionOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        *NAMING_A_MEMBER,
        *SIGNED,
        "points_out_of_range",
        "insufficient_points",
    ),
    openapi_extra=idempotent(required=True),
    summary="Hold points, or redeem them at once",
)
async def hold_points(body: requests.RedemptionIn, call: Authenticated) -> Response:
    """With the member's `consent` it is burned by that signature; members who have said so, and
    programs made so, take no other. With `confirm: member` such a member is asked instead, on
    their card: the points are held, the status is `awaiting_member`, and their confirmation burns
    them. Ask `GET /v1/redemptions/{id}` how far it is. Members who need no signature are not
    asked. A hold lapses by itself after the program's `hold_ttl_seconds`; `capture: true` burns
    now.
    """
    claim = call.required_claim(present.fingerprint("redemptions", body))
    ref = member_ref(call.house, body)
    consent = body.consent.consent() if body.consent else None
    signed = await look_at_consent(call.house, call.merchant_id, ref, body.points, consent)
    ask = new_ask(call.house, body.till, body.note) if body.confirm else None
    render = present_redemptions.at(call.request)
    command = HoldPoints(claim, ref, body.points, body.capture, render, signed, ask)
    return present.answered(await call.house.committer.submit(command))


@redemptions.get(
    "/redemptions/{redemption_id}",
    responses=problems("unknown_redemption"),
    summary="Read a redemption, and whether its member has confirmed it",
)
async def get_redemption(redemption_id: str, call: Authenticated) -> schemas.RedemptionOut:
    found = await read_redemption(call.house, call.merchant_id, redemption_id)
    return present_redemptions.redemption_shown(found, str(call.request.base_url))


@redemptions.post(
    "/redemptions/{redemption_id}/capture",
    response_model=schemas.RedemptionOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        "unknown_redemption",
        "redemption_not_held",
        "redemption_of_claim",
        "points_out_of_range",
        "insufficient_points",
        "payment_mismatch",
        "signature_required",
        "confirmation_awaited",
        "member_deactivated",
    ),
    openapi_extra=idempotent(required=True),
    summary="Burn the points of a hold, or some of them",
)
async def capture(
    redemption_id: str, call: Authenticated, body: CaptureIn | None = None
) -> Response:
    """What is held beyond `points` (or beyond what `amount_minor` takes) is available again."""
    return await _close(redemption_id, call, body or CaptureIn())


@redemptions.post(
    "/redemptions/{redemption_id}/cancel",
    response_model=schemas.RedemptionOut,
    responses=problems(
        *MOVING_POINTS, "unknown_redemption", "redemption_not_held", "redemption_of_claim"
    ),
    openapi_extra=idempotent(required=True),
    summary="Give the points of a hold back",
)
async def cancel(redemption_id: str, call: Authenticated) -> Response:
    return await _close(redemption_id, call, None)


async def _close(redemption_id: str, call: Call, part: CaptureIn | None) -> Response:
    """Captures the part, or cancels."""
    capture = part is not None
    route = f"redemptions/{redemption_id}/{'capture' if capture else 'cancel'}"
    claim = call.required_claim(present.fingerprint(route, part))
    program_id = await program_of(redemption_id, call)
    signed = UNSIGNED
    if capture:
        member_id = await call.house.ledger.run(
            lambda connection: member_of_redemption(connection, redemption_id)
        )
        signed = await look_at_member(call.house, call.merchant_id, member_id)
    points, amount_minor = (part.points, part.amount_minor) if part else (None, None)
    command = CloseRedemption(
        claim,
        redemption_id,
        program_id,
        capture,
        present_redemptions.at(call.request),
        signed,
        points,
        amount_minor,
    )
    return present.answered(await call.house.committer.submit(command))


async def program_of(redemption_id: str, call: Call) -> str:
    """Where a redemption was made; raises UnknownRedemption."""
    program_id = None
    if is_id("red", redemption_id):
        program_id = await call.house.ledger.run(
            lambda connection: program_of_redemption(connection, redemption_id)
        )
    if program_id is None:
        raise UnknownRedemption("There is no such redemption.")
    return program_id
