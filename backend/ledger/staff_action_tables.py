"""The trail of what a merchant's people did."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class StaffAction(SQLModel, table=True):
    """One act of a user. `action` is a core Action, `subject` the id of what it was done to.

    `detail` says in few words what changed, and never anything personal about a member.
    """

    __tablename__ = "staff_actions"
    __table_args__ = (Index("ix_staff_actions_merchant", "merchant_id", "id"),)

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchants.id")
    user_id: str = Field(foreign_key="staff_users.id")
    program_id: str | None = Field(default=None, foreign_key="programs.id")
    action: str
    subject: str
    detail: str
    at_ms: int = Field(sa_column=bigint())
