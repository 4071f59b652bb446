"""Turns what services say of tiers and clubs into the API's answers."""

from __future__ import annotations

from typing import Any, TypedDict

from backend.api import tier_models as models
from backend.api.fields import to_rfc3339
from backend.core.benefits import Benefit
from backend.core.club import LABEL, Plan
from backend.core.tier_policy import Level, TierPolicy, WindowKind
from backend.core.tier_progress import Keeping, NextLevel
from backend.ledger.subscriptions import membership_of
from backend.ledger.tiers import ChangeRecord
from backend.services.read_subscriptions import SubscriptionRead
from backend.services.read_tier import TierRead
from backend.services.read_tiers import TiersRead
from backend.services.subscribe import SubscriptionChanged


class _Tier(TypedDict):
    id: str
    name: models.NameOut
    threshold: int
    multiplier: models.MultiplierOut
    benefits: list[models.BenefitOut]
    badge: str | None


def member_tier(read: TierRead) -> models.MemberTierOut:
    state, level = read.state, read.policy.level(read.state.level)
    clubs = [_club(read, plan) for plan in read.clubs]
    benefits = _benefits(level.benefits) if level else []
    return models.MemberTierOut(
        program_id=read.program_id,
        member_id=read.member_id,
        tier=models.TierOut(**_tier(level)) if level else None,
        since=str(state.since),
        until=str(state.until) if state.until else None,
        in_grace=state.in_grace,
        progress=_progress(read),
        clubs=clubs,
        benefits=[*benefits, *(one for club in clubs for one in club.benefits)],
    )


def program_tiers(read: TiersRead) -> models.ProgramTiersOut:
    policy, counts = read.policy, read.members
    return models.ProgramTiersOut(
        program_id=read.program_id,
        measure=policy.measure.value,
        window=_window(policy),
        downgrade=models.DowngradeOut(
            mode=policy.downgrade.mode.value,
            grace_months=policy.downgrade.grace_months,
            step_months=policy.downgrade.step_months,
        ),
        tiers=[
            models.ProgramTierOut(**_tier(level), members=counts.get(level.id, 0))
            for level in policy.levels
        ],
        without_tier=counts.get(None, 0),
        clubs=[_plan(plan, read.subscribers.get(plan.id, 0)) for plan in policy.clubs],
    )


def tier_changes(records: list[ChangeRecord], limit: int) -> models.TierChangesPage:
    """A page of `limit` of the records; one more was asked for than is shown."""
    return models.TierChangesPage(
        data=[
            models.TierChangeOut.model_validate(
                {
                    "id": one.id,
                    "member_id": one.member_id,
                    "change_no": one.change_no,
                    "tier_before": one.tier_before,
                    "tier_after": one.tier_after,
                    "happened_on": str(one.happened_on),
                    "reason": one.reason,
                    "source_id": one.source_id,
                    "recorded_at": to_rfc3339(one.recorded_at_ms),
                }
            )
            for one in records[:limit]
        ],
        has_more=len(records) > limit,
    )


def subscription_change(done: SubscriptionChanged) -> models.SubscriptionChangeOut:
    return models.SubscriptionChangeOut(**_subscription(done), tier=done.tier)


def subscriptions(read: list[SubscriptionRead]) -> models.SubscriptionsPage:
    return models.SubscriptionsPage(
        data=[
            models.SubscriptionHistoryOut(
                **_subscription(one), payments=[_payment(term) for term in one.terms]
            )
            for one in read
        ]
    )


def _subscription(read: SubscriptionRead | SubscriptionChanged) -> dict[str, Any]:
    row, membership = read.row, membership_of(read.row)
    status: models.StatusName = "active"
    if not membership.covers(read.today):
        status = "ended"
    elif membership.cancelled:
        status = "cancelled"
    elif membership.in_grace(read.today):
        status = "grace"
    cancelled_at_ms = row["cancelled_at_ms"]
    return {
        "id": row["id"],
        "program_id": row["program_id"],
        "member_id": row["member_id"],
        "plan": row["plan"],
        "status": status,
        "started_on": str(membership.started_on),
        "renews_on": str(membership.renews_on),
        "ends_on": str(membership.ends_on),
        "paid_months": membership.paid_months,
        "cancelled_at": None if cancelled_at_ms is None else to_rfc3339(cancelled_at_ms),
    }


def _payment(term: dict[str, Any]) -> models.PaymentOut:
    return models.PaymentOut(
        receipt_id=term["receipt_id"],
        amount_minor=term["amount_minor"],
        currency=term["currency"],
        from_on=term["from_on"],
        until_on=term["until_on"],
        recorded_at=to_rfc3339(term["recorded_at_ms"]),
    )


def _progress(read: TierRead) -> models.ProgressOut:
    return models.ProgressOut(
        measure=read.policy.measure.value,
        total=read.progress.total,
        next=_next(read.progress.next),
        keeping=_keeping(read.progress.keeping),
    )


def _next(above: NextLevel | None) -> models.NextTierOut | None:
    if above is None:
        return None
    return models.NextTierOut(
        tier=above.level,
        threshold=above.threshold,
        missing=above.missing,
        counts_until=str(above.counts_until) if above.counts_until else None,
    )


def _keeping(keeping: Keeping | None) -> models.KeepingOut | None:
    if keeping is None:
        return None
    return models.KeepingOut(
        missing=keeping.missing, since=str(keeping.since), until=str(keeping.until)
    )


def _club(read: TierRead, plan: Plan) -> models.ClubOut:
    [grant] = [one for one in read.state.grants if one.source == f"{LABEL}{plan.id}"]
    return models.ClubOut(
        plan=plan.id,
        name=_name(plan),
        until=str(grant.until),
        benefits=_benefits(plan.benefits),
    )


def _plan(plan: Plan, members: int) -> models.PlanOut:
    return models.PlanOut(
        id=plan.id,
        name=_name(plan),
        fee_minor=plan.fee_minor,
        term_months=plan.term_months,
        grace_days=plan.grace_days,
        tier=plan.level,
        benefits=_benefits(plan.benefits),
        members=members,
    )


def _window(policy: TierPolicy) -> models.WindowOut:
    window = policy.window
    return models.WindowOut(
        kind=window.kind.value,
        months=window.months if window.kind is WindowKind.ROLLING else None,
        kept_years=window.kept_years if window.kind is WindowKind.CALENDAR_YEAR else None,
    )


def _tier(level: Level) -> _Tier:
    return {
        "id": level.id,
        "name": _name(level),
        "threshold": level.threshold,
        "multiplier": models.MultiplierOut(num=level.multiplier_num, den=level.multiplier_den),
        "benefits": _benefits(level.benefits),
        "badge": level.badge,
    }


def _name(named: Level | Plan | Benefit) -> models.NameOut:
    return models.NameOut(en=named.english, fr=named.french)


def _benefits(benefits: tuple[Benefit, ...]) -> list[models.BenefitOut]:
    return [models.BenefitOut(id=one.id, text=_name(one)) for one in benefits]
