"""Paying with points: what a basket takes of them, and the hold that pays it."""

from __future__ import annotations

from fastapi import Response

from backend.api import payment_models, present, present_redemptions, schemas
from backend.api.auth import Authenticated
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
from backend.core.money import Money
from backend.services.ask_confirmation import new_ask
from backend.services.house import House
from backend.services.lookup import MemberById, MemberRef
from backend.services.pay_with_points import PaymentTerms, PayWithPoints, quote_payment
from backend.services.signed_burn import look_at_consent

payments = router("redemptions")
BASKET = ("amount_out_of_range", "currency_unknown", "currency_mismatch", "payment_not_offered")


@payments.post(
    "/redemptions/payments/quote",
    response_model=payment_models.PaymentQuoteOut,
    responses=problems(*WITH_BODY, *NAMING_A_MEMBER, *BASKET),
    summary="How much of a basket a member can pay with points",
)
async def quote(body: payment_models.PaymentQuoteIn, call: Authenticated) -> Response:
    """Changes nothing. The rate and its limits are those of the program's published rules."""
    terms = PaymentTerms(_member_ref(call.house, body), Money(body.basket_minor, body.currency))
    found = await quote_payment(call.house, call.merchant_id, terms)
    policy = found.policy
    answer = payment_models.PaymentQuoteOut(
        program_id=found.program.id,
        member_id=found.member.id,
        currency=found.basket.currency,
        basket_minor=found.basket.amount_minor,
        available=found.member.available_points,
        points=found.most.points,
        amount_minor=found.most.worth_minor,
        left_to_pay_minor=found.basket.amount_minor - found.most.worth_minor,
        refused_for=found.refusal,
        rate=payment_models.SpendRateOut(
            points=policy.points,
            worth_minor=policy.worth_minor,
            min_points=policy.min_points,
            threshold_points=policy.threshold_points,
            min_basket_minor=policy.min_basket_minor,
            max_share_percent=policy.max_share_percent,
        ),
    )
    return present.as_json(answer)


@payments.post(
    "/redemptions/payments",
    status_code=201,
    response_model=schemas.RedemptionOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        *NAMING_A_MEMBER,
        *SIGNED,
        *BASKET,
        "payment_refused",
        "payment_mismatch",
        "points_out_of_range",
        "insufficient_points",
    ),
    openapi_extra=idempotent(required=True),
    summary="Pay part of a basket with points",
)
async def pay(body: payment_models.PaymentIn, call: Authenticated) -> Response:
    """Holds the points, or burns them with `capture: true`. Name the redemption in the purchase:
    that captures the hold with it; or capture and cancel it yourself. With `confirm: member` a
    member who signs for their points is asked on their card first, as in `POST /v1/redemptions`."""
    claim = call.required_claim(present.fingerprint("redemptions/payments", body))
    ref = _member_ref(call.house, body)
    basket = Money(body.basket_minor, body.currency)
    consent = body.consent.consent() if body.consent else None
    signed = await look_at_consent(call.house, call.merchant_id, ref, body.points or 0, consent)
    terms = PaymentTerms(ref, basket, body.amount_minor, body.points)
    ask = new_ask(call.house, body.till, body.note) if body.confirm else None
    render = present_redemptions.at(call.request)
    command = PayWithPoints(claim, terms, body.capture, render, signed, ask)
    return present.answered(await call.house.committer.submit(command))


def _member_ref(house: House, body: payment_models.PaymentQuoteIn) -> MemberRef:
    if body.member is not None:
        return member_by(house, body.program_id, body.member)
    return MemberById(body.program_id, body.member_id or "")
