"""Figures of programs by day, kept so that an overview need not read every purchase.

They are derived: `FigureMark` says up to where the journal and the members' activity are in them,
and what came later is added by whoever reads. Days are ordinals (date.toordinal) in the program's
zone, months count from year 0.
"""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint, table_of
from backend.ledger.return_tables import PurchaseReturn
from backend.ledger.tables import Member, OutboxEntry, Purchase

_PURCHASES, _RETURNS, _MEMBERS = table_of(Purchase), table_of(PurchaseReturn), table_of(Member)
Index("ix_purchases_activity", _PURCHASES.c.program_id, _PURCHASES.c.activity_no)
Index("ix_purchase_returns_activity", _RETURNS.c.program_id, _RETURNS.c.activity_no)
_PARKED = text("parked_reason IS NOT NULL")
Index(
    "ix_outbox_parked",
    table_of(OutboxEntry).c.program_id,
    sqlite_where=_PARKED,
    postgresql_where=_PARKED,
)
Index("ix_members_created", _MEMBERS.c.program_id, _MEMBERS.c.created_at_ms, _MEMBERS.c.state)


class FigureMark(SQLModel, table=True):
    """How far a program's figures go: entries of the journal, and purchases and returns."""

    __tablename__ = "figure_marks"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    entry_no: int = Field(sa_column=bigint())
    activity_no: int = Field(sa_column=bigint())


class DailyFigures(SQLModel, table=True):
    """What happened on a day. Purchases count on the day they were made, and so do the points of
    them; everything else on the day it was recorded."""

    __tablename__ = "daily_figures"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    day: int = Field(primary_key=True)
    purchases: int = Field(sa_column=bigint())
    amount_minor: int = Field(sa_column=bigint())
    refunded_minor: int = Field(sa_column=bigint())
    minted_points: int = Field(sa_column=bigint())
    redeemed_points: int = Field(sa_column=bigint())
    returned_points: int = Field(sa_column=bigint())
    expired_points: int = Field(sa_column=bigint())


class MemberDay(SQLModel, table=True):
    """A day on which a member bought."""

    __tablename__ = "member_days"
    __table_args__ = (Index("ix_member_days_member", "member_id", "day"),)

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    day: int = Field(primary_key=True)
    member_id: str = Field(primary_key=True)


class CohortCell(SQLModel, table=True):
    """Of the members who first bought in `cohort_month`, how many bought in `month`."""

    __tablename__ = "cohort_cells"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    cohort_month: int = Field(primary_key=True)
    month: int = Field(primary_key=True)
    members: int


class FigureSettings(SQLModel, table=True):
    """What a merchant says of its points: so many cost so much, and so many in ten thousand of
    those outstanding will be used. None where nothing was said."""

    __tablename__ = "figure_settings"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    cost_points: int | None = Field(default=None, sa_column=bigint(nullable=True))
    cost_minor: int | None = Field(default=None, sa_column=bigint(nullable=True))
    used_bp: int | None = None
