"""Programs as the API answers them, and as it takes them."""

from __future__ import annotations

from backend.api import requests, schemas
from backend.api.fields import to_rfc3339
from backend.ledger.loading import ProgramState
from backend.services.create_program import ProgramTerms
from backend.services.program_rules import Expiry, Limits, ProgramRules, Terms


def program(state: ProgramState) -> schemas.ProgramOut:
    return schemas.ProgramOut(
        id=state.id,
        name=state.name,
        symbol=state.symbol,
        currency=state.currency,
        earning=schemas.EarningOut(
            points=state.earn_points, per_amount_minor=state.earn_per_amount_minor
        ),
        hold_ttl_seconds=state.hold_ttl_seconds,
        expiry=_expiry(state),
        limits=schemas.LimitsOut(
            supply_cap_points=state.supply_cap_points,
            mint_per_day_points=state.mint_per_day_points,
            debit_per_day_points=state.debit_per_day_points,
        ),
        signed_only=state.signed_only,
        notice_days=state.notice_days,
        terms=_terms(state),
        status="active" if state.contract_address else "deploying",
        contract_address=state.contract_address,
        created_at=to_rfc3339(state.created_at_ms),
    )


def terms_of(body: requests.ProgramIn) -> ProgramTerms:
    """What is to be created; raises the InvalidInput of whatever is out of range."""
    return ProgramTerms(
        name=body.name,
        symbol=body.symbol,
        currency=body.currency,
        earn_points=body.earning.points,
        earn_per_amount_minor=body.earning.per_amount_minor,
        hold_ttl_seconds=body.hold_ttl_seconds,
        rules=ProgramRules(
            expiry=Expiry(**body.expiry.model_dump()) if body.expiry else Expiry(),
            limits=Limits(**body.limits.model_dump()) if body.limits else Limits(),
            signed_only=body.signed_only,
            notice_days=body.notice_days,
            terms=Terms(body.terms.uri, body.terms.hash) if body.terms else None,
        ),
    )


def _expiry(state: ProgramState) -> schemas.ExpiryOut | None:
    if not state.period_months:
        return None
    return schemas.ExpiryOut(
        period_months=state.period_months,
        validity_periods=state.validity_periods,
        timezone=state.timezone,
        utc_offset_minutes=state.utc_offset_minutes,
    )


def _terms(state: ProgramState) -> schemas.TermsOut | None:
    if state.terms_uri is None or state.terms_hash is None:
        return None
    return schemas.TermsOut(uri=state.terms_uri, hash=state.terms_hash)
