"""Tables of the rewards catalogue. Documents are canonical JSON."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class Charity(SQLModel, table=True):
    """Whom members of a program can donate to; `receipt_count` numbers the receipts given."""

    __tablename__ = "charities"

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id", index=True)
    name: str
    registration: str
    url: str | None = None
    listed: bool
    receipt_count: int = Field(sa_column=bigint())
    donated_minor: int = Field(sa_column=bigint())
    created_at_ms: int = Field(sa_column=bigint())


class Reward(SQLModel, table=True):
    """What a program offers for points: `draft`, `active` or `archived`.

    `key` is the name that rules give it by, unique among those that are not archived.
    `taken_count` are the claims that were granted and not cancelled. Running holds take from the
    stock too and are counted where it is asked for, so that one that runs out frees it by itself.
    """

    __tablename__ = "rewards"
    __table_args__ = (
        Index(
            "ix_rewards_key",
            "program_id",
            "key",
            unique=True,
            sqlite_where=text("state <> 'archived'"),
            postgresql_where=text("state <> 'archived'"),
        ),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id", index=True)
    key: str | None = None
    state: str
    document: str
    charity_id: str | None = Field(default=None, foreign_key="charities.id")
    taken_count: int = Field(sa_column=bigint())
    created_at_ms: int = Field(sa_column=bigint())
    updated_at_ms: int = Field(sa_column=bigint())


class RewardGrant(SQLModel, table=True):
    """A reward that rules gave a member, to be claimed without points.

    `reward` is the key or id that the rule names; `claimed_count` of `quantity` are claimed, and
    `cancelled_at_ms` ends the rest. `source_id` is the purchase or event that brought it.
    """

    __tablename__ = "reward_grants"
    __table_args__ = (
        Index("ix_reward_grants_member", "member_id", "id"),
        Index("ix_reward_grants_source", "source_id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    reward: str
    rule: str
    text: str
    quantity: int
    claimed_count: int
    source_id: str
    created_at_ms: int = Field(sa_column=bigint())
    cancelled_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class RewardClaim(SQLModel, table=True):
    """A member's claim on a reward. `document` is the reward as it was offered to them.

    Its points are those of the redemption, or none where it was granted by rules. `voucher_id` is
    fixed from the start, and the voucher itself is made when the points are burned.
    `expires_at_ms` ends a hold.
    """

    __tablename__ = "reward_claims"
    __table_args__ = (
        Index("ix_reward_claims_member", "member_id", "id"),
        Index("ix_reward_claims_reward_member", "reward_id", "member_id"),
        Index(
            "ix_reward_claims_held",
            "reward_id",
            "expires_at_ms",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )

    id: str = Field(primary_key=True)
    reward_id: str = Field(foreign_key="rewards.id")
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    redemption_id: str | None = Field(default=None, foreign_key="redemptions.id", unique=True)
    grant_id: str | None = Field(default=None, foreign_key="reward_grants.id", index=True)
    step_id: str
    cash_minor: int = Field(sa_column=bigint())
    document: str
    state: str
    voucher_id: str | None = None
    receipt_no: int | None = None
    created_at_ms: int = Field(sa_column=bigint())
    expires_at_ms: int = Field(sa_column=bigint())
    granted_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    closed_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
