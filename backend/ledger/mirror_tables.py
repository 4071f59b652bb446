"""The mirror's tables: what the indexer has read from the chain, and nothing else.

They live apart from the ledger (a file of their own on SQLite, the schema `mirror` on
PostgreSQL), are written only by the indexer and can be dropped and rebuilt from block zero.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)

MIRROR_SCHEMA: Final = "mirror"
MIRROR_VERSION: Final = 1
"""A mirror written under another version is dropped and rebuilt instead of migrated."""

SCHEMA_LOCK_KEY: Final = 0x6D_65_72_65_61_75
"""PostgreSQL's advisory lock of whoever changes a schema of ours ("mereau" in ASCII)."""

metadata = MetaData()

cursor = Table(
    "mirror_cursor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("factory", String(42), nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("block_hash", String(66), nullable=False),
    Column("finalized_number", BigInteger, nullable=False),
    Column("halted_reason", String, nullable=True),
)
"""One row (id 1): the last block applied (−1 when none), and why following stopped if it did."""

blocks = Table(
    "mirror_blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(66), nullable=False),
    Column("parent_hash", String(66), nullable=False),
    Column("timestamp_s", BigInteger, nullable=False),
)
"""The unfinal window, and every block that holds an event of ours."""

programs = Table(
    "mirror_programs",
    metadata,
    Column("address", String(42), primary_key=True),
    Column("issuer", String(42), nullable=False),
    Column("salt", String(66), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("symbol", String, nullable=False),
    Column("decimals", SmallInteger, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Index("ix_mirror_programs_block", "block_number"),
)

supply = Table(
    "mirror_supply",
    metadata,
    Column("program", String(42), primary_key=True),
    Column("total_points", BigInteger, nullable=False),
    Column("minted_points", BigInteger, nullable=False),
    Column("burned_points", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)

balances = Table(
    "mirror_balances",
    metadata,
    Column("program", String(42), primary_key=True),
    Column("member", String(42), primary_key=True),
    Column("points", BigInteger, CheckConstraint("points >= 0"), nullable=False),
    sqlite_with_rowid=False,
)

transfers = Table(
    "mirror_transfers",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("program", String(42), nullable=False),
    Column("member", String(42), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("tx_hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""`points` is signed: a mint is positive, a burn negative. The rows of an unfinal block are
what undoing it takes back."""

transfers_by_member = Index(
    "ix_mirror_transfers_member",
    transfers.c.program,
    transfers.c.member,
    transfers.c.block_number,
)
"""Missing while a new mirror catches up: made once at its end, it costs a third of what it costs
row by row."""

batches = Table(
    "mirror_batches",
    metadata,
    Column("program", String(42), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("receipts_root", String(66), nullable=False),
    Column("word_count", Integer, nullable=False),
    Column("minted_points", BigInteger, nullable=False),
    Column("burned_points", BigInteger, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("tx_hash", LargeBinary, nullable=False),
    Index("ix_mirror_batches_block", "block_number"),
    sqlite_with_rowid=False,
)
