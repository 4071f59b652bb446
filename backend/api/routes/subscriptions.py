"""Subscriptions: members of paid clubs, term by term."""

from __future__ import annotations

from typing import Final

from fastapi import Response

from backend.api import present, present_tiers
from backend.api import tier_models as models
from backend.api.auth import Authenticated
from backend.api.documented import MOVING_POINTS, WITH_BODY, idempotent, problems, router
from backend.core.identifiers import receipt_id as checked_receipt_id
from backend.core.money import Money
from backend.services.cancel_subscription import cancel_subscription
from backend.services.read_subscriptions import read_subscriptions
from backend.services.subscribe import SubscriptionChanged, subscribe

subscriptions = router("subscriptions")
GONE: Final = ("unknown_member", "member_closed", "member_merged")


@subscriptions.post(
    "/members/{member_id}/subscriptions",
    status_code=201,
    response_model=models.SubscriptionChangeOut,
    responses=problems(
        *WITH_BODY, *MOVING_POINTS, *GONE, "member_deactivated", "plan_unknown", "fee_mismatch",
        "amount_out_of_range", "currency_unknown", "currency_mismatch", "receipt_id_invalid",
        "receipt_already_recorded", "subscription_paid_ahead",
    ),
    openapi_extra=idempotent(required=True),
    summary="Subscribe a member to a paid club, or renew it",
)  # fmt: skip
async def post_subscription(
    member_id: str, body: models.SubscriptionIn, call: Authenticated
) -> Response:
    """A payment buys one term: from today, or from the end of what is paid already."""
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/subscriptions", body))
    paid = Money(body.paid_amount_minor, body.currency)
    receipt = checked_receipt_id(body.receipt_id)
    answer = await subscribe(call.house, claim, member_id, body.plan, paid, receipt, _as_json)
    return present.answered(answer)


@subscriptions.post(
    "/members/{member_id}/subscriptions/{subscription_id}/cancel",
    response_model=models.SubscriptionChangeOut,
    responses=problems(*MOVING_POINTS, *GONE, "unknown_subscription", "subscription_not_running"),
    openapi_extra=idempotent(required=True),
    summary="Cancel a subscription at the end of what is paid",
)
async def post_subscription_cancel(
    member_id: str, subscription_id: str, call: Authenticated
) -> Response:
    route = f"members/{member_id}/subscriptions/{subscription_id}/cancel"
    claim = call.required_claim(present.fingerprint(route))
    answer = await cancel_subscription(call.house, claim, member_id, subscription_id, _as_json)
    return present.answered(answer)


@subscriptions.get(
    "/members/{member_id}/subscriptions",
    responses=problems("unknown_member"),
    summary="A member's subscriptions and payments, the oldest first",
)
async def get_subscriptions(member_id: str, call: Authenticated) -> models.SubscriptionsPage:
    read = await read_subscriptions(call.house, call.merchant_id, member_id)
    return present_tiers.subscriptions(read)


def _as_json(done: SubscriptionChanged) -> bytes:
    return present.to_json(present_tiers.subscription_change(done))
