"""Turns redemptions into the API's answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fastapi import Request

from backend.api import schemas
from backend.api.confirmation_schemas import ConfirmationOut
from backend.api.fields import to_rfc3339
from backend.api.present import balance_summary, settlement_summary, to_json
from backend.services.ask_confirmation import Asked
from backend.services.paid_part import PaidPart
from backend.services.redeem import RedemptionChanged


def redemption(result: RedemptionChanged, base_url: str = "/") -> bytes:
    return to_json(redemption_shown(result, base_url))


def at(request: Request) -> Callable[[RedemptionChanged], bytes]:
    """How the redemption is said to who asked: links lead to the host they asked."""
    return partial(redemption, base_url=str(request.base_url))


def redemption_shown(result: RedemptionChanged, base_url: str) -> schemas.RedemptionOut:
    operation_ids = (result.operation_id,) if result.operation_id else ()
    asked = confirmation(result.confirmation, result.expires_at_ms, base_url)
    awaiting = asked is not None and asked.status == "waiting"
    return schemas.RedemptionOut(
        id=result.redemption_id,
        program_id=result.program_id,
        member_id=result.member.id,
        points=result.points,
        status="awaiting_member" if awaiting else result.state.value,
        created_at=to_rfc3339(result.created_at_ms),
        expires_at=to_rfc3339(result.expires_at_ms),
        operation_ids=list(operation_ids),
        payment=_payment(result.paid),
        confirmation=asked,
        balance=balance_summary(result.member),
        settlement=settlement_summary(operation_ids),
    )


def confirmation(asked: Asked | None, expires_at_ms: int, base_url: str) -> ConfirmationOut | None:
    if asked is None:
        return None
    return ConfirmationOut(
        id=asked.id,
        url=f"{base_url}card/confirm/{asked.id}",
        status=asked.state.value,
        expires_at=to_rfc3339(expires_at_ms),
    )


def _payment(paid: PaidPart | None) -> schemas.PaymentOut | None:
    if paid is None:
        return None
    return schemas.PaymentOut(
        currency=paid.currency,
        basket_minor=paid.basket_minor,
        amount_minor=paid.worth_minor,
        purchase_id=paid.purchase_id,
    )
