"""The settler's tables: sealed batches, the transactions that carry them, their signed bytes."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint, blob


class SettlementTx(SQLModel, table=True):
    """One transaction slot of a lane: a nonce, and the call it was sealed with, fixed for ever.

    `state`: sealed → signed → broadcast → included → final, or reverted once a failed inclusion
    is final. Only stored attempts are ever sent.
    """

    __tablename__ = "settlement_txs"
    __table_args__ = (Index("ix_settlement_txs_lane_nonce", "lane", "nonce", unique=True),)

    id: str = Field(primary_key=True)
    lane: str
    nonce: int = Field(sa_column=bigint())
    purpose: str
    program_id: str | None = None
    to_address: str
    calldata: bytes = Field(sa_column=blob())
    gas_limit: int = Field(sa_column=bigint())
    state: str = Field(index=True)
    sealed_at_ms: int = Field(sa_column=bigint())
    included_block: int | None = Field(default=None, sa_column=bigint(nullable=True))
    included_block_hash: str | None = None
    included_tx_hash: str | None = None
    included_at_s: int | None = Field(default=None, sa_column=bigint(nullable=True))
    succeeded: bool | None = None


class TxAttempt(SQLModel, table=True):
    """Signed bytes of a settlement transaction, stored before they are first sent."""

    __tablename__ = "tx_attempts"
    __table_args__ = (
        Index("ix_tx_attempts_settlement", "settlement_tx_id", "attempt_no", unique=True),
    )

    tx_hash: str = Field(primary_key=True)
    settlement_tx_id: str = Field(foreign_key="settlement_txs.id")
    attempt_no: int
    raw_transaction: bytes = Field(sa_column=blob())
    max_fee_wei: str
    priority_fee_wei: str
    persisted_at_ms: int = Field(sa_column=bigint())
    broadcast_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class Batch(SQLModel, table=True):
    """A sealed sequence of words of one program. A batch that can never apply is voided."""

    __tablename__ = "batches"
    __table_args__ = (
        Index(
            "ix_batches_program_seq",
            "program_id",
            "seq",
            unique=True,
            sqlite_where=text("voided_at_ms IS NULL"),
            postgresql_where=text("voided_at_ms IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    seq: int = Field(sa_column=bigint())
    settlement_tx_id: str = Field(foreign_key="settlement_txs.id", index=True)
    receipts_root: str
    words: bytes = Field(sa_column=blob())
    word_count: int
    minted_points: int = Field(sa_column=bigint())
    burned_points: int = Field(sa_column=bigint())
    sealed_at_ms: int = Field(sa_column=bigint())
    voided_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
