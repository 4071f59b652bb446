"""The table of proof packs that were asked for."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class ProofPack(SQLModel, table=True):
    """A proof pack on its way: asked → making → ready, or failed with why; `old` once its file is
    gone.

    `clean` says whether the audit found nothing; a pack of an audit with findings is one too.
    """

    __tablename__ = "proof_packs"
    __table_args__ = (Index("ix_proof_packs_program", "program_id", "id"),)

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    asked_by: str = Field(foreign_key="staff_users.id")
    asked_at_ms: int = Field(sa_column=bigint())
    state: str = Field(index=True)
    done_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    block_number: int | None = Field(default=None, sa_column=bigint(nullable=True))
    block_hash: str | None = None
    size_bytes: int | None = Field(default=None, sa_column=bigint(nullable=True))
    clean: bool | None = None
    failure: str | None = None
