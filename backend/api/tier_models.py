"""What the API takes and answers about tiers and paid clubs. Days are in the program's zone."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from backend.api.fields import AmountMinor, Answered, Currency, Strict, Text
from backend.api.requests import shown

TierId = Annotated[str, Field(description="As the rules name it.", examples=["gold"])]
PlanId = Annotated[str, Field(description="As the rules name it.", examples=["prime"])]
Day = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2027-11-30"])]
SubscriptionId = Annotated[str, Field(examples=["sub_01kdvdna00gte2hdyrj1gk0zx7"])]
ReasonName = Literal[
    "entry", "earned", "lapsed", "granted", "grant_ended", "corrected", "rules_changed"
]
StatusName = Literal["active", "grace", "cancelled", "ended"]


def _is_day(text: str) -> str:
    if len(text) != 10:
        raise ValueError("must be a day, as 2027-11-30")
    date.fromisoformat(text)
    return text


class TierGrantIn(Strict):
    model_config = shown(tier="gold", until="2027-01-31")

    tier: Text | None = Field(
        description="The least tier the member is to have; null takes an earlier grant away.",
        examples=["gold"],
    )
    until: Annotated[Text, AfterValidator(_is_day)] | None = Field(
        default=None,
        description="The last day of the grant; without one it does not end.",
        examples=["2027-01-31"],
        json_schema_extra={"format": "date"},
    )


class SubscriptionIn(Strict):
    model_config = shown(
        plan="prime", paid_amount_minor=4900, currency="EUR", receipt_id="T1-2026-000124"
    )

    plan: Text = Field(description="The club, as the rules name it.", examples=["prime"])
    paid_amount_minor: AmountMinor
    currency: Currency
    receipt_id: str = Field(
        json_schema_extra={"minLength": 1, "maxLength": 128},
        description="Your receipt or payment number: each buys one term, once for ever.",
        examples=["T1-2026-000124"],
    )


class NameOut(Answered):
    """A text in both languages."""

    en: str
    fr: str


class BenefitOut(Answered):
    id: str = Field(examples=["free_delivery"])
    text: NameOut


class MultiplierOut(Answered):
    """Points are multiplied by num / den."""

    num: int = Field(examples=[5])
    den: int = Field(examples=[4])


class TierOut(Answered):
    id: TierId
    name: NameOut
    threshold: int = Field(description="In points, minor units or visits, as `measure` says.")
    multiplier: MultiplierOut
    benefits: list[BenefitOut]
    badge: str | None = Field(description="The badge type that shows the tier on chain.")


class NextTierOut(Answered):
    tier: TierId
    threshold: int
    missing: int = Field(description="Of the measure, to reach it.")
    counts_until: Day | None = Field(
        description="What counts today counts at least until then; null for ever."
    )


class KeepingOut(Answered):
    missing: int = Field(description="Of the measure, to keep the tier beyond `until`.")
    since: Day = Field(description="What is earned from then on counts for it.")
    until: Day


class ProgressOut(Answered):
    """`total` is what counts now."""

    measure: Literal["points", "spend", "visits"]
    total: int
    next: NextTierOut | None
    keeping: KeepingOut | None


class ClubOut(Answered):
    plan: PlanId
    name: NameOut
    until: Day = Field(description="The last day, grace included.")
    benefits: list[BenefitOut]


class MemberTierOut(Answered):
    """A member's status as of now."""

    program_id: str
    member_id: str
    tier: TierOut | None
    since: Day
    until: Day | None = Field(
        description="The last day if nothing more happens; null when it cannot be lost."
    )
    in_grace: bool = Field(description="Whether the window no longer supports the tier.")
    progress: ProgressOut
    clubs: list[ClubOut]
    benefits: list[BenefitOut] = Field(description="Of the tier and of every club.")


class TierChangeOut(Answered):
    """A tier that became another one; null for none."""

    id: str = Field(examples=["tch_01kdvdna00gte2hdyrj1gk0zx7"])
    member_id: str
    change_no: int = Field(description="Of the member's changes, from 1.")
    tier_before: TierId | None
    tier_after: TierId | None
    happened_on: Day
    reason: ReasonName
    source_id: str | None = Field(
        description="The purchase, return, event or subscription that did it."
    )
    recorded_at: str


class TierChangesPage(Answered):
    data: list[TierChangeOut]
    has_more: bool


class ProgramTierOut(TierOut):
    members: int = Field(description="How many have it, as of when each was last judged.")


class PlanOut(Answered):
    id: PlanId
    name: NameOut
    fee_minor: int
    term_months: int
    grace_days: int
    tier: TierId | None = Field(description="The least tier that its members have.")
    benefits: list[BenefitOut]
    members: int


class WindowOut(Answered):
    kind: Literal["rolling", "calendar_year", "lifetime"]
    months: int | None = None
    kept_years: int | None = None


class DowngradeOut(Answered):
    mode: Literal["none", "one_step", "full"]
    grace_months: int
    step_months: int


class ProgramTiersOut(Answered):
    program_id: str
    measure: Literal["points", "spend", "visits"]
    window: WindowOut
    downgrade: DowngradeOut
    tiers: list[ProgramTierOut] = Field(description="From the lowest to the highest.")
    without_tier: int
    clubs: list[PlanOut]


class PaymentOut(Answered):
    receipt_id: str
    amount_minor: int
    currency: str
    from_on: Day
    until_on: Day = Field(description="The first day that is not paid.")
    recorded_at: str


class SubscriptionOut(Answered):
    id: SubscriptionId
    program_id: str
    member_id: str
    plan: PlanId
    status: StatusName
    started_on: Day
    renews_on: Day = Field(description="The first day that is not paid.")
    ends_on: Day = Field(description="The first day without the club if no more is paid.")
    paid_months: int
    cancelled_at: str | None


class SubscriptionChangeOut(SubscriptionOut):
    tier: TierId | None = Field(description="The member's tier now.")


class SubscriptionHistoryOut(SubscriptionOut):
    payments: list[PaymentOut]


class SubscriptionsPage(Answered):
    data: list[SubscriptionHistoryOut]
    has_more: bool = False
