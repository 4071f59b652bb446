"""Tables of points given and taken by hand, and of what a program's console is set to."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class Adjustment(SQLModel, table=True):
    """Points that somebody asks to give (above 0) or to take (below 0), and what became of it.

    `reason` is a core AdjustmentReason, `note` what they wrote, which goes when the member is
    erased. `asked_by` None is the merchant's own system. It is posted at once, with
    `operation_id`, or waits for somebody else, who approves or refuses it (`decided_by`).
    """

    __tablename__ = "adjustments"
    __table_args__ = (
        Index("ix_adjustments_program", "program_id", "id"),
        Index("ix_adjustments_member", "member_id", "id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    points: int = Field(sa_column=bigint())
    reason: str
    note: str
    state: str
    asked_by: str | None = Field(default=None, foreign_key="staff_users.id")
    asked_at_ms: int = Field(sa_column=bigint())
    decided_by: str | None = Field(default=None, foreign_key="staff_users.id")
    decided_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    operation_id: str | None = None


class ConsoleSettings(SQLModel, table=True):
    """What a merchant has set for a program's pages; without a row, what core says.

    Adjustments of more than `approval_above_points` need a second person. `receipt_head` and
    `receipt_foot` stand above and below what a till prints, empty for our own words.
    """

    __tablename__ = "console_settings"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    approval_above_points: int = Field(sa_column=bigint())
    receipt_head: str
    receipt_foot: str
