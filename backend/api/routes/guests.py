"""Guests' purchases: recorded for nobody, claimed once by whoever has the receipt."""

from __future__ import annotations

from fastapi import Response

from backend.api import guest_models as models
from backend.api import present, present_earning, schemas
from backend.api.auth import Authenticated
from backend.api.documented import (
    EARNING,
    MOVING_POINTS,
    NAMING_A_MEMBER,
    WITH_BODY,
    idempotent,
    problems,
    router,
)
from backend.api.fields import to_rfc3339
from backend.api.routes.purchases import member_ref, sale_terms
from backend.core.ids import is_id
from backend.core.life_errors import UnknownGuestPurchase
from backend.core.voucher_codes import CODE_ENTROPY_BYTES, make_code
from backend.core.voucher_codes import shown as in_groups
from backend.ledger.programs import program_of_purchase
from backend.services.claim_guest import (
    CancelGuest,
    ClaimGuest,
    GuestCancelled,
    find_by_code,
    find_by_receipt,
    guest_digest,
)
from backend.services.lookup import MemberById
from backend.services.record_guest import GuestRecorded, RecordGuest

guests = router("guests")


@guests.post(
    "/guest-purchases",
    status_code=201,
    response_model=models.GuestPurchaseOut,
    responses=problems(
        *WITH_BODY, *MOVING_POINTS, *EARNING, "unknown_program", "receipt_already_recorded"
    ),
    openapi_extra=idempotent(required=True),
    summary="Record a guest's purchase, to be claimed later",
)
async def record_guest(body: models.GuestPurchaseIn, call: Authenticated) -> Response:
    """Earns nothing until it is claimed; `guest_claim_days` of the program say how long it can
    be. Print the code on the receipt."""
    claim = call.required_claim(present.fingerprint("guest-purchases", body))
    code = make_code(call.house.entropy(CODE_ENTROPY_BYTES))
    command = RecordGuest(
        claim,
        sale_terms(body, MemberById(body.program_id, "")),
        code,
        guest_digest(call.house, body.program_id, code),
        _recorded,
    )
    return present.answered(await call.house.committer.submit(command))


@guests.post(
    "/guest-purchases/claims",
    status_code=201,
    response_model=schemas.PurchaseOut,
    responses=problems(
        *WITH_BODY, *MOVING_POINTS, *NAMING_A_MEMBER, "unknown_guest_purchase",
        "purchase_already_claimed", "claim_expired", "points_out_of_range",
    ),
    openapi_extra=idempotent(required=True),
    summary="Claim a guest's purchase for a member, once",
)  # fmt: skip
async def claim_guest(body: models.GuestClaimIn, call: Authenticated) -> Response:
    """Earns what it would have earned when it was bought, by the rules of then."""
    claim = call.required_claim(present.fingerprint("guest-purchases/claims", body))
    house, program_id = call.house, body.program_id
    if body.receipt is not None:
        purchase_id = await find_by_receipt(
            house, program_id, body.receipt.receipt_id, body.receipt.amount_minor
        )
    else:
        purchase_id = await find_by_code(house, program_id, body.claim_code or "")
    command = ClaimGuest(claim, member_ref(house, body), purchase_id, present_earning.purchase)
    return present.answered(await house.committer.submit(command))


@guests.post(
    "/guest-purchases/{purchase_id}/cancel",
    response_model=models.GuestCancelledOut,
    responses=problems(
        *MOVING_POINTS, "unknown_guest_purchase", "purchase_already_claimed", "claim_expired"
    ),
    openapi_extra=idempotent(required=True),
    summary="Cancel a guest's purchase that was returned before anybody claimed it",
)
async def cancel_guest(purchase_id: str, call: Authenticated) -> Response:
    claim = call.required_claim(present.fingerprint(f"guest-purchases/{purchase_id}/cancel"))
    program_id = None
    if is_id("pur", purchase_id):
        program_id = await call.house.ledger.run(
            lambda connection: program_of_purchase(connection, purchase_id)
        )
    if program_id is None:
        raise UnknownGuestPurchase("There is no such guest's purchase.")
    command = CancelGuest(claim, purchase_id, program_id, _cancelled)
    return present.answered(await call.house.committer.submit(command))


def _recorded(result: GuestRecorded) -> bytes:
    return present.to_json(
        models.GuestPurchaseOut(
            id=result.purchase_id,
            program_id=result.terms.member.program_id,
            receipt_id=result.terms.receipt_id,
            claim_code=in_groups(result.code),
            claimable_until=to_rfc3339(result.claimable_until_ms),
        )
    )


def _cancelled(result: GuestCancelled) -> bytes:
    return present.to_json(
        models.GuestCancelledOut(id=result.purchase_id, program_id=result.program_id)
    )
