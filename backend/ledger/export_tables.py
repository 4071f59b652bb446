"""The table of exports that were asked for."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class Export(SQLModel, table=True):
    """An export on its way: asked → making → ready, or failed; `old` once its file is gone.

    It has the journal up to `entry_no` and the purchases up to `activity_no`, whatever comes
    meanwhile. Who makes it says so until `lease_until_ms`; then somebody else begins anew.
    """

    __tablename__ = "exports"
    __table_args__ = (Index("ix_exports_program", "program_id", "id"),)

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    merchant_id: str = Field(foreign_key="merchants.id")
    asked_by: str = Field(foreign_key="staff_users.id")
    asked_at_ms: int = Field(sa_column=bigint())
    subject: str
    format: str
    personal: bool
    state: str = Field(index=True)
    entry_no: int = Field(sa_column=bigint())
    activity_no: int = Field(sa_column=bigint())
    lease_until_ms: int = Field(default=0, sa_column=bigint(default=0))
    rows_total: int = Field(default=0, sa_column=bigint(default=0))
    rows_done: int = Field(default=0, sa_column=bigint(default=0))
    done_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    size_bytes: int | None = Field(default=None, sa_column=bigint(nullable=True))
