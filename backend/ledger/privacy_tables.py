"""Table of what members agreed to, and took back: nothing is agreed to until they say so."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class MemberChoice(SQLModel, table=True):
    """One choice of a member's about a purpose; the newest of a purpose holds, the others are its
    history. `source` is where it was made, `wording` the version of what was read there."""

    __tablename__ = "member_choices"
    __table_args__ = (Index("ix_member_choices_member", "member_id", "purpose", "id"),)

    id: str = Field(primary_key=True)
    member_id: str = Field(foreign_key="members.id")
    program_id: str = Field(foreign_key="programs.id")
    purpose: str
    granted: bool
    source: str
    wording: str
    chosen_at_ms: int = Field(sa_column=bigint())
