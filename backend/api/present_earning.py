"""Turns purchases, quotes and events into the API's answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from backend.api import schemas
from backend.api.earning_schemas import EarnedOut, EarnedReasonOut, GrantOut
from backend.api.event_models import EventOut
from backend.api.fields import to_rfc3339
from backend.api.present import balance_summary, settlement_summary, to_json
from backend.core.engine.outcome import Evaluation
from backend.services.accept_purchase import PurchaseAccepted
from backend.services.quote_purchase import Quote
from backend.services.record_event import EventRecorded


def earned(result: Evaluation) -> EarnedOut:
    return EarnedOut(
        earned=result.points_now,
        pending=result.points_pending,
        reasons=[
            EarnedReasonOut(
                rule=each.rule,
                points=each.points,
                text=each.text,
                pending=each.pending is not None,
            )
            for each in result.credits
        ],
    )


def grants(result: Evaluation, ids: Sequence[str] = ()) -> list[GrantOut]:
    """Those of a quote have no ids."""
    return [
        GrantOut(id=grant_id, rule=g.rule, reward=g.reward, quantity=g.quantity, text=g.text)
        for g, grant_id in zip_longest(result.grants, ids)
    ]


def purchase(result: PurchaseAccepted) -> bytes:
    terms = result.terms
    return to_json(
        schemas.PurchaseOut(
            id=result.purchase_id,
            program_id=terms.member.program_id,
            member_id=result.member.id,
            receipt_id=terms.receipt_id,
            occurred_at=to_rfc3339(terms.occurred_at_ms),
            currency=terms.spent.currency,
            amount_minor=terms.spent.amount_minor,
            operation_ids=list(result.operation_ids),
            points=earned(result.earned),
            grants=grants(result.earned, result.grant_ids),
            balance=balance_summary(result.member),
            settlement=settlement_summary(result.operation_ids),
        )
    )


def event(result: EventRecorded) -> bytes:
    terms = result.terms
    return to_json(
        EventOut(
            id=result.event_id,
            program_id=terms.member.program_id,
            member_id=result.member.id,
            event_id=terms.event_id,
            name=terms.name,
            occurred_at=to_rfc3339(terms.occurred_at_ms),
            operation_ids=list(result.operation_ids),
            points=earned(result.earned),
            released=result.released_points,
            grants=grants(result.earned, result.grant_ids),
            balance=balance_summary(result.member),
            settlement=settlement_summary(result.operation_ids),
        )
    )


def quote(result: Quote) -> schemas.QuoteOut:
    made_up_points = min(result.member.debt_points, result.earned.points_now)
    return schemas.QuoteOut(
        program_id=result.program_id,
        member_id=result.member.id,
        points=earned(result.earned),
        grants=grants(result.earned),
        balance=balance_summary(
            result.member,
            result.earned.points_now - made_up_points,
            result.earned.points_pending,
        ),
    )
