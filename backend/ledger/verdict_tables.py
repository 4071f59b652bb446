"""The table of what reconciliation found."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class Verdict(SQLModel, table=True):
    """What the last check found of a program; nothing settles to one that has a difference."""

    __tablename__ = "verdicts"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    as_of_block: int = Field(sa_column=bigint())
    checked_at_ms: int = Field(sa_column=bigint())
    difference: str | None = None
    differs_since_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
