"""Tables of what is asked of the chain besides batches, and of what the chain says of programs."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class ChainCall(SQLModel, table=True):
    """A call that waits for, or is on, its way to the chain: one transaction each.

    `arguments` is canonical JSON and says all of it. `entry_no` is the journal entry that it
    carries, where it moves points; `commitment` hides `details` of a call that has a receipt leaf.
    """

    __tablename__ = "chain_calls"
    __table_args__ = (
        Index("ix_chain_calls_entry", "program_id", "entry_no", unique=True),
        Index("ix_chain_calls_member", "member_id", "id"),
        Index("ix_chain_calls_tx", "settlement_tx_id"),
        Index("ix_chain_calls_kind", "program_id", "kind", "id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    kind: str
    member_id: str | None = Field(default=None, foreign_key="members.id")
    entry_no: int | None = Field(default=None, sa_column=bigint(nullable=True))
    arguments: str
    commitment: str | None = None
    created_at_ms: int = Field(sa_column=bigint())
    settlement_tx_id: str | None = Field(default=None, foreign_key="settlement_txs.id")
    parked_reason: str | None = None


class ProgramOnChain(SQLModel, table=True):
    """How a program stood when the settler last asked its contract, as canonical JSON."""

    __tablename__ = "program_on_chain"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    standing: str
    holds: str


class LimitWarning(SQLModel, table=True):
    """A day on which a limit's warning was logged, so that it is logged once."""

    __tablename__ = "limit_warnings"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    limit_name: str = Field(primary_key=True)
    day: int = Field(sa_column=bigint(primary_key=True))


class RedemptionsNoted(SQLModel, table=True):
    """Up to which block the books have every signed redemption that the chain has (one row)."""

    __tablename__ = "redemptions_noted"

    id: int = Field(sa_column=bigint(primary_key=True))
    block_number: int = Field(sa_column=bigint())
