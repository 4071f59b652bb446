"""Returns of purchases, and refunds of redemptions."""

from __future__ import annotations

from fastapi import Response

from backend.api import present, present_returns, return_models
from backend.api.auth import Authenticated, Call
from backend.api.documented import (
    MOVING_POINTS,
    NAMING_A_MEMBER,
    WITH_BODY,
    idempotent,
    problems,
    router,
)
from backend.api.routes.purchases import member_by
from backend.api.routes.redemptions import program_of
from backend.core.errors import ReceiptRequired, ReturnInvalid, UnknownPurchase
from backend.core.identifiers import receipt_id
from backend.core.ids import is_id
from backend.ledger.programs import (
    member_of_purchase,
    program_of_purchase,
    purchase_of_receipt,
)
from backend.services.house import House
from backend.services.lookup import MemberById, MemberRef
from backend.services.read_return import read_return, read_returns
from backend.services.refund_redemption import RefundRedemption
from backend.services.return_purchase import ReturnPurchase
from backend.services.return_receipt import ReturnReceipt
from backend.services.signed_burn import SignedBurn, look_at_member

returns = router("returns")
TAKING_BACK = (
    "purchase_already_returned", "return_exceeds_purchase", "return_invalid",
    "points_out_of_range", "purchase_unclaimed", "consent_in_flight",
)  # fmt: skip


@returns.post(
    "/purchases/{purchase_id}/returns",
    status_code=201,
    response_model=return_models.ReturnOut,
    responses=problems(*WITH_BODY, *MOVING_POINTS, *TAKING_BACK, "unknown_purchase"),
    openapi_extra=idempotent(required=True),
    summary="Return a purchase or a part of it and take its points back",
)
async def return_purchase(
    purchase_id: str,
    call: Authenticated,
    body: return_models.ReturnIn | None = None,
) -> Response:
    """Takes back exactly what was credited with what is returned, never below a balance of zero,
    and nothing from members who sign for their points themselves. Points it was paid with come
    back as old as they were. Without a body all that is left goes back."""
    asked = body or return_models.ReturnIn()
    claim = call.required_claim(present.fingerprint(f"purchases/{purchase_id}/returns", asked))
    program_id = None
    if is_id("pur", purchase_id):
        program_id = await call.house.ledger.run(
            lambda connection: program_of_purchase(connection, purchase_id)
        )
    if program_id is None:
        raise UnknownPurchase("There is no such purchase.")
    command = ReturnPurchase(
        claim,
        purchase_id,
        program_id,
        asked.asked(),
        present_returns.purchase_return,
        await _look_at_buyer(call, purchase_id),
    )
    return present.answered(await call.house.committer.submit(command))


@returns.get(
    "/purchases/{purchase_id}/returns",
    responses=problems("unknown_purchase"),
    summary="What was returned of a purchase, and what is left of it",
)
async def list_returns(purchase_id: str, call: Authenticated) -> return_models.PurchaseReturnsOut:
    return present_returns.purchase_returns(
        await read_returns(call.house, call.merchant_id, purchase_id)
    )


@returns.post(
    "/returns",
    status_code=201,
    response_model=return_models.ReturnOut,
    responses={
        202: {"model": return_models.ReturnWaitsOut, "description": "It waits for its purchase."},
        **problems(
            *WITH_BODY,
            *MOVING_POINTS,
            *NAMING_A_MEMBER,
            *TAKING_BACK,
            "receipt_id_invalid",
            "receipt_required",
            "receipt_unknown",
            "return_of_another_member",
        ),
    },
    openapi_extra=idempotent(required=True),
    summary="Return what a receipt says was bought, known already or not",
)
async def return_receipt(body: return_models.ReceiptReturnIn, call: Authenticated) -> Response:
    """As the return of a purchase. Where no purchase with the receipt is known the return waits
    (202) and is applied together with the purchase, unless the program's rules refuse that."""
    claim = call.required_claim(present.fingerprint("returns", body))
    if body.receipt_id is None:
        raise ReceiptRequired("A return names the receipt of its purchase.")
    receipt = receipt_id(body.receipt_id)
    purchase_id = (
        await call.house.ledger.run(
            lambda connection: purchase_of_receipt(connection, body.program_id, receipt)
        )
        if is_id("prg", body.program_id)
        else None
    )
    command = ReturnReceipt(
        claim,
        body.program_id,
        receipt,
        _member(call.house, body),
        body.asked(),
        present_returns.purchase_return,
        present_returns.return_waits,
        await _look_at_buyer(call, purchase_id),
    )
    return present.answered(await call.house.committer.submit(command))


@returns.get(
    "/returns/{return_id}",
    responses=problems("unknown_return"),
    summary="How a return stands",
)
async def get_return(return_id: str, call: Authenticated) -> return_models.ReturnRecordOut:
    return present_returns.return_record(await read_return(call.house, call.merchant_id, return_id))


@returns.post(
    "/redemptions/{redemption_id}/refund",
    status_code=201,
    response_model=return_models.RefundOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        "unknown_redemption",
        "redemption_not_captured",
        "refund_exceeds_redemption",
        "consent_in_flight",
        "points_out_of_range",
        "member_closed",
    ),
    openapi_extra=idempotent(required=True),
    summary="Give points of a captured redemption back",
)
async def refund(
    redemption_id: str, call: Authenticated, body: return_models.RefundIn | None = None
) -> Response:
    """All that are left, or so many. They come back as old as they were, those that were spent
    last first; what has expired meanwhile does not."""
    asked = body or return_models.RefundIn()
    claim = call.required_claim(present.fingerprint(f"redemptions/{redemption_id}/refund", asked))
    program_id = await program_of(redemption_id, call)
    command = RefundRedemption(
        claim, redemption_id, program_id, asked.points, present_returns.refund
    )
    return present.answered(await call.house.committer.submit(command))


def _member(house: House, body: return_models.ReceiptReturnIn) -> MemberRef | None:
    if body.member is not None and body.member_id is not None:
        raise ReturnInvalid("Name the member by member_id or by member, not both.")
    if body.member is not None:
        return member_by(house, body.program_id, body.member)
    return MemberById(body.program_id, body.member_id) if body.member_id is not None else None


async def _look_at_buyer(call: Call, purchase_id: str | None) -> SignedBurn:
    """What the mirror says of the member whose purchase it is."""
    member_id = None
    if purchase_id is not None:
        member_id = await call.house.ledger.run(
            lambda connection: member_of_purchase(connection, purchase_id)
        )
    return await look_at_member(call.house, call.merchant_id, member_id)
