"""Tables of members' lives and of programs that several merchants share."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class GuestPurchase(SQLModel, table=True):
    """A purchase of nobody yet; whoever shows its code, or its receipt, first, claims it.

    `claim_digest` is keyed, as an identifier's. `terms` is what the till said and the rules as of
    then, in canonical JSON: what it earns when it is claimed.
    """

    __tablename__ = "guest_purchases"
    __table_args__ = (Index("ix_guest_purchases_claim", "program_id", "claim_digest", unique=True),)

    purchase_id: str = Field(primary_key=True, foreign_key="purchases.id")
    program_id: str = Field(foreign_key="programs.id")
    claim_digest: str
    claimable_until_ms: int = Field(sa_column=bigint())
    terms: str
    claimed_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    cancelled_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class MemberChange(SQLModel, table=True):
    """A step in a member's life: what happened, when, and who asked for it."""

    __tablename__ = "member_changes"
    __table_args__ = (Index("ix_member_changes_member", "member_id", "id"),)

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    kind: str
    merchant_id: str
    other_member_id: str | None = None
    changed_at_ms: int = Field(sa_column=bigint())


class ProgramPartner(SQLModel, table=True):
    """A merchant that takes part in somebody else's program, with what is earned at its tills:
    None and None for what the program's own rules say.
    """

    __tablename__ = "program_partners"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    merchant_id: str = Field(primary_key=True, foreign_key="merchants.id", index=True)
    earn_points: int | None = Field(default=None, sa_column=bigint(nullable=True))
    earn_per_amount_minor: int | None = Field(default=None, sa_column=bigint(nullable=True))
    joined_at_ms: int = Field(sa_column=bigint())
    left_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class OperationOrigin(SQLModel, table=True):
    """Which merchant of a coalition an operation came from: what clearing counts with."""

    __tablename__ = "operation_origins"
    __table_args__ = (Index("ix_operation_origins_merchant", "program_id", "merchant_id"),)

    operation_id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    merchant_id: str = Field(foreign_key="merchants.id")
