"""Turns redemptions into the API's answers."""

from __future__ import annotations

from backend.api import schemas
from backend.api.fields import to_rfc3339
from backend.api.present import balance_summary, settlement_summary, to_json
from backend.services.paid_part import PaidPart
from backend.services.redeem import RedemptionChanged


def redemption(result: RedemptionChanged) -> bytes:
    operation_ids = (result.operation_id,) if result.operation_id else ()
    return to_json(
        schemas.RedemptionOut(
            id=result.redemption_id,
            program_id=result.program_id,
            member_id=result.member.id,
            points=result.points,
            status=result.state.value,
            created_at=to_rfc3339(result.created_at_ms),
            expires_at=to_rfc3339(result.expires_at_ms),
            operation_ids=list(operation_ids),
            payment=_payment(result.paid),
            balance=balance_summary(result.member),
            settlement=settlement_summary(operation_ids),
        )
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
