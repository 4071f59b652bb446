"""The mirror's tables: what the indexer has read from the chain, and nothing else.

They live apart from the ledger (a file of their own on SQLite, the schema `mirror` on
PostgreSQL), are written only by the indexer and can be dropped and rebuilt from block zero.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
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
MIRROR_VERSION: Final = 2
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
    Column("period_months", SmallInteger, nullable=False),
    Column("validity_periods", SmallInteger, nullable=False),
    Column("utc_offset_minutes", SmallInteger, nullable=False),
    Column("signed_only", Boolean, nullable=False),
    Column("notice_days", Integer, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Index("ix_mirror_programs_block", "block_number"),
)
"""What of a program can never change; limits and terms are asked of the contract."""

supply = Table(
    "mirror_supply",
    metadata,
    Column("program", String(42), primary_key=True),
    Column("total_points", BigInteger, nullable=False),
    Column("minted_points", BigInteger, nullable=False),
    Column("burned_points", BigInteger, nullable=False),
    Column("lapsed_points", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)
"""`burned_points` counts every burn, `lapsed_points` those that time took."""

balances = Table(
    "mirror_balances",
    metadata,
    Column("program", String(42), primary_key=True),
    Column("member", String(42), primary_key=True),
    Column("points", BigInteger, CheckConstraint("points >= 0"), nullable=False),
    Column("period", Integer, nullable=False),
    *(Column(f"lot_{age}", BigInteger, nullable=False) for age in range(5)),
    Column("signed_only", Boolean, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The contract's word of each member, field by field: `lot_0` … `lot_4` are the points earned in
`period`, one period before it, and so on; `points` is their sum, `ledgerBalanceOf` on chain, in
which points that lapsed are counted until they are swept."""

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


class NoteKind(IntEnum):
    """Events about a member that say what a Transfer does not."""

    LAPSED = 1
    RESTORED = 2
    REDEEMED = 3
    REBOUND = 4
    SIGNED_ONLY = 5
    SIGNED_ONLY_ENDED = 6
    RETURN_SHORT = 7


notes = Table(
    "mirror_notes",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("program", String(42), nullable=False),
    Column("member", String(42), nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("other", String(66), nullable=True),
    Column("tx_hash", LargeBinary, nullable=False),
    Index("ix_mirror_notes_member", "program", "member", "block_number"),
    Index("ix_mirror_notes_kind", "program", "kind", "block_number", "log_index"),
    sqlite_with_rowid=False,
)
"""`number` is the age of what was restored, the points a return could not take, or the nonce after
a change of signedOnly; `other` is where a rebind led, or the id of a signed redemption."""

undo_words = Table(
    "mirror_undo_words",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("program", String(42), primary_key=True),
    Column("member", String(42), primary_key=True),
    Column("word", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The word that a member had before an unfinal block changed it, as the contract packs it; all
zero for a member never seen before. Forgotten when the block is final."""
