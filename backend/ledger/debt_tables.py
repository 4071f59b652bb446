"""The register of debts: points that returns should have taken back and could not."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class MemberDebt(SQLModel, table=True):
    """One change of what a member owes; `Balance.debt_points` is the sum of `points`.

    Positive where the return `source_id` left points owed; negative where later points made them
    up: then `source_id` is what those were credited for, and `operation_id` the operation that
    took them.
    """

    __tablename__ = "member_debts"

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id", index=True)
    source_id: str
    points: int = Field(sa_column=bigint())
    operation_id: str | None = None
    recorded_at_ms: int = Field(sa_column=bigint())
