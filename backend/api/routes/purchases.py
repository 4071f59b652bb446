"""Purchases: accept and quote. The path a till is waiting on."""

from __future__ import annotations

from typing import Protocol

from fastapi import Response

from backend.api import present, present_earning, requests, schemas
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
from backend.api.fields import to_ms
from backend.core.identifiers import receipt_id
from backend.core.money import Money
from backend.services.accept_purchase import AcceptPurchase, PurchaseTerms
from backend.services.house import House
from backend.services.lookup import MemberByDigest, MemberById, MemberRef
from backend.services.qr_codes import ref_of_qr
from backend.services.quote_purchase import quote_purchase
from backend.services.signed_burn import UNSIGNED, look_at_consent

purchases = router("purchases")
PAID_BY = (
    "unknown_redemption",
    "redemption_not_held",
    "payment_mismatch",
    "signature_required",
    "confirmation_awaited",
    "insufficient_points",
)


class NamesMember(Protocol):
    """A request that names a member by id or by one identifier."""

    @property
    def program_id(self) -> str: ...

    @property
    def member_id(self) -> str | None: ...

    @property
    def member(self) -> requests.MemberKey | None: ...


def member_ref(house: House, body: NamesMember) -> MemberRef:
    """The member a request names; raises IdentifierInvalid or QrInvalid."""
    if body.member is None:
        return MemberById(body.program_id, body.member_id or "")
    return member_by(house, body.program_id, body.member)


def member_by(house: House, program_id: str, key: requests.MemberKey) -> MemberRef:
    """The member whose identifier or QR code it is; raises IdentifierInvalid or QrInvalid."""
    identifier = key.identifier()
    if identifier is None:
        return ref_of_qr(house.vault, program_id, key.qr or "")
    return MemberByDigest.of(house.vault, program_id, identifier)


def _terms(house: House, body: requests.PurchaseIn) -> PurchaseTerms:
    return sale_terms(
        body,
        member_ref(house, body),
        paid_with_points_minor=body.paid_with_points_minor,
        paid_by_redemption=body.paid_by_redemption,
    )


def sale_terms(
    body: requests.SaleIn,
    member: MemberRef,
    *,
    paid_with_points_minor: int = 0,
    paid_by_redemption: str | None = None,
) -> PurchaseTerms:
    """What the till says, whoever bought; raises what a part of it raises."""
    return PurchaseTerms(
        member=member,
        receipt_id=receipt_id(body.receipt_id),
        occurred_at_ms=to_ms(body.occurred_at),
        spent=Money(body.total_minor, body.currency),
        store_id=body.store_id,
        channel=body.channel,
        lines=tuple(line.line() for line in body.lines),
        discount_minor=body.discount_minor,
        tax_minor=body.tax_minor,
        paid_with_points_minor=paid_with_points_minor,
        paid_by_redemption=paid_by_redemption,
        paid_with_gift_card_minor=body.paid_with_gift_card_minor,
    )


@purchases.post(
    "/purchases",
    status_code=201,
    response_model=schemas.PurchaseOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        *NAMING_A_MEMBER,
        *EARNING,
        *PAID_BY,
        "receipt_already_recorded",
    ),
    openapi_extra=idempotent(required=True),
    summary="Record a purchase and mint its points",
)
async def accept_purchase(body: requests.PurchaseIn, call: Authenticated) -> Response:
    """Durable when answered; settled on chain within seconds. Needs an Idempotency-Key."""
    claim = call.required_claim(present.fingerprint("purchases", body))
    terms, signed = _terms(call.house, body), UNSIGNED
    if terms.paid_by_redemption is not None:
        signed = await look_at_consent(call.house, call.merchant_id, terms.member, 0, None)
    command = AcceptPurchase(claim, terms, present_earning.purchase, signed)
    return present.answered(await call.house.committer.submit(command))


@purchases.post(
    "/purchases/quote",
    responses=problems(*WITH_BODY, *NAMING_A_MEMBER, *EARNING, *PAID_BY),
    summary="What a purchase would earn, without recording it",
)
async def quote(body: requests.PurchaseIn, call: Authenticated) -> schemas.QuoteOut:
    return present_earning.quote(
        await quote_purchase(call.house, call.merchant_id, _terms(call.house, body))
    )
