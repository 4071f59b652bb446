"""Tables of status: the history of members' tiers, and what they paid for clubs.

Days are ISO dates in the program's zone, as members are told them.
"""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class TierChanged(SQLModel, table=True):
    """A member's tier became another one; None for none. A member's changes are numbered from 1.

    `source_id` is the purchase, return, event or subscription that did it, None for time.
    """

    __tablename__ = "tier_changes"
    __table_args__ = (
        Index("ix_tier_changes_member", "member_id", "change_no", unique=True),
        Index("ix_tier_changes_program", "program_id", "id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    change_no: int
    tier_before: str | None = None
    tier_after: str | None = None
    happened_on: str
    reason: str
    source_id: str | None = None
    recorded_at_ms: int = Field(sa_column=bigint())


class Subscription(SQLModel, table=True):
    """A member's time in a paid club without a break, on the terms last paid.

    `paid_months` from `started_on` are paid. `rewarded_months` of them have given their monthly
    benefits, and the next one does on `reward_due_on`. A cancelled one ends with what is paid.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index("ix_subscriptions_member", "member_id", "id"),
        Index("ix_subscriptions_reward_due", "program_id", "reward_due_on"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    plan: str
    started_on: str
    paid_months: int
    grace_days: int
    renews_on: str
    ends_on: str
    created_at_ms: int = Field(sa_column=bigint())
    cancelled_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    rewarded_months: int = 0
    reward_due_on: str | None = None


class SubscriptionTerm(SQLModel, table=True):
    """A payment for a club: `from_on` to the day before `until_on`. A payment counts once ever."""

    __tablename__ = "subscription_terms"
    __table_args__ = (Index("ix_subscription_terms_of", "subscription_id", "recorded_at_ms"),)

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    receipt_id: str = Field(primary_key=True)
    subscription_id: str = Field(foreign_key="subscriptions.id")
    amount_minor: int = Field(sa_column=bigint())
    currency: str
    from_on: str
    until_on: str
    recorded_at_ms: int = Field(sa_column=bigint())
