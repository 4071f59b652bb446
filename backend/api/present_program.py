"""Programs as the API answers them, and as it takes them."""

from __future__ import annotations

from backend.api import limit_schemas, requests, schemas
from backend.api.fields import to_rfc3339
from backend.core.cards import CardCheck
from backend.core.limits import PER_DAY_MAX, SUPPLY_CAP_MAX, Standing, warnings
from backend.core.limits import Limits as OnChainLimits
from backend.ledger.limits import OnChain
from backend.ledger.loading import ProgramState
from backend.services.create_program import ProgramTerms
from backend.services.program_rules import Expiry, Limits, ProgramRules, Terms

_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z."""


def program(state: ProgramState, seen: OnChain | None = None) -> schemas.ProgramOut:
    """The program as created and, where its contract was read, as it stands on chain."""
    standing = seen.standing if seen else None
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
        limits=_limits(state, seen),
        signed_only=state.signed_only,
        notice_days=state.notice_days,
        terms=_terms(state, standing),
        announced_terms=_announced_terms(standing),
        mint_paused=standing.mint_paused if standing else False,
        redemption_until=_second(standing.redemption_until_s) if standing else None,
        status="active" if state.contract_address else "deploying",
        contract_address=state.contract_address,
        created_at=to_rfc3339(state.created_at_ms),
        card_check=CardCheck(state.card_check).value,
        guest_claim_days=state.guest_claim_days,
        coalition=state.coalition,
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
        card_check=CardCheck(body.card_check),
        guest_claim_days=body.guest_claim_days,
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


def _limits(state: ProgramState, seen: OnChain | None) -> limit_schemas.LimitsOut:
    if seen is None:
        return limit_schemas.LimitsOut(
            supply_cap_points=state.supply_cap_points,
            mint_per_day_points=state.mint_per_day_points,
            debit_per_day_points=state.debit_per_day_points,
        )
    standing, announced = seen.standing, None
    if standing.limits_from_s:
        announced = limit_schemas.AnnouncedLimitsOut(
            **_set(standing.announced_limits),
            effective_at=_second(standing.limits_from_s) or "",
        )
    limits = _set(standing.limits)
    minted, debited = limits["mint_per_day_points"], limits["debit_per_day_points"]
    return limit_schemas.LimitsOut(
        **limits,
        mint_left_today_points=None if minted is None else standing.mint_left_points,
        debit_left_today_points=None if debited is None else standing.debit_left_points,
        renews_at=to_rfc3339(1000 * standing.renews_at_s),
        announced=announced,
        warnings=[
            limit_schemas.LimitWarningOut(
                limit=near.limit.value,
                used_points=near.used_points,
                limit_points=near.limit_points,
                used_percent=near.used_percent,
            )
            for near in warnings(standing, seen.holds)
        ],
        as_of_block=standing.block_number,
    )


def _set(limits: OnChainLimits) -> dict[str, int | None]:
    """A limit at its field's maximum is none."""
    cap, minted, debited = (
        limits.supply_cap_points, limits.mint_per_day_points, limits.debit_per_day_points,
    )  # fmt: skip
    return {
        "supply_cap_points": None if cap == SUPPLY_CAP_MAX else cap,
        "mint_per_day_points": None if minted == PER_DAY_MAX else minted,
        "debit_per_day_points": None if debited == PER_DAY_MAX else debited,
    }


def _announced_terms(standing: Standing | None) -> schemas.AnnouncedTermsOut | None:
    if standing is None or not standing.terms_from_s:
        return None
    terms = standing.announced_terms
    effective_at = _second(standing.terms_from_s) or ""
    return schemas.AnnouncedTermsOut(uri=terms.uri, hash=terms.hash, effective_at=effective_at)


def _second(at_s: int) -> str | None:
    # The contract takes dates that no calendar of ours has.
    return to_rfc3339(1000 * min(at_s, _LAST_SECOND)) if at_s else None


def _terms(state: ProgramState, standing: Standing | None) -> schemas.TermsOut | None:
    if standing is not None and int(standing.terms.hash, 16):
        return schemas.TermsOut(uri=standing.terms.uri, hash=standing.terms.hash)
    if state.terms_uri is None or state.terms_hash is None:
        return None
    return schemas.TermsOut(uri=state.terms_uri, hash=state.terms_hash)
