"""Table of simulations: what a program's own purchases would have earned under a draft."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class RuleSimulation(SQLModel, table=True):
    """A simulation somebody asked for: `asked`, `running`, `done` or `failed`.

    `against` is the version that was in force, None for the program's own terms. `result` is JSON
    of figures, or why it failed. `done_count` of `total_count` steps are made.
    """

    __tablename__ = "rule_simulations"
    __table_args__ = (
        Index("ix_rule_simulations_program", "program_id", "id"),
        Index(
            "ix_rule_simulations_open",
            "id",
            sqlite_where=text("state IN ('asked', 'running')"),
            postgresql_where=text("state IN ('asked', 'running')"),
        ),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    version: int
    against: int | None = None
    state: str
    done_count: int
    total_count: int
    asked_at_ms: int = Field(sa_column=bigint())
    result: str | None = None
