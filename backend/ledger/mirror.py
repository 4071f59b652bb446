"""Reads of the mirror: what the chain says, as far as the indexer has followed it.

Every function takes a connection of the mirror's engine and makes one cheap query, so that what
it returns belongs to one moment. `program` and `member` are addresses in lower-case hex with 0x.
Blocks are numbers; -1 stands for a mirror that holds nothing yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, bindparam, func, select, tuple_

from backend.ledger.mirror_tables import (
    NoteKind,
    balances,
    batches,
    blocks,
    notes,
    programs,
    supply,
    transfers,
)
from backend.ledger.mirror_tables import cursor as cursor_table

NOTHING: Final = -1


@dataclass(frozen=True, slots=True)
class MirrorCursor:
    """How far the mirror reaches, and why it stopped following if it did."""

    block_number: int
    finalized_number: int
    halted_reason: str | None


@dataclass(frozen=True, slots=True)
class MirrorSupply:
    """A program's sums as of a block; `last_seq` is its last batch on chain, 0 for none.

    `lapsed_points` are those of the burned ones that time took, `short_points` those that
    returns were to take and did not find.
    """

    total_points: int
    minted_points: int
    burned_points: int
    lapsed_points: int
    short_points: int
    last_seq: int
    as_of_block: int


@dataclass(frozen=True, slots=True)
class MirrorBalance:
    """A member's points: included in a block, and in a final one (unfinal transfers left out)."""

    included_points: int
    final_points: int
    as_of_block: int
    final_block: int


@dataclass(frozen=True, slots=True)
class MirrorTransfer:
    """A mint (`points` positive) or a burn; `at_s` is its block's UTC time in seconds."""

    block_number: int
    log_index: int
    points: int
    tx_hash: str
    at_s: int


@dataclass(frozen=True, slots=True)
class MirrorBatch:
    """A batch as the chain has it."""

    seq: int
    receipts_root: str
    word_count: int
    minted_points: int
    burned_points: int
    block_number: int
    block_hash: str
    tx_hash: str
    at_s: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class MirrorProgram:
    address: str
    issuer: str
    version: int
    name: str
    symbol: str
    decimals: int
    block_number: int


_CURSOR: Final = select(
    cursor_table.c.block_number, cursor_table.c.finalized_number, cursor_table.c.halted_reason
)

_SHORT: Final = (
    select(func.coalesce(func.sum(notes.c.number), 0))
    .where(notes.c.program == bindparam("program"), notes.c.kind == int(NoteKind.RETURN_SHORT))
    .scalar_subquery()
    .label("short_points")
)

_SUPPLY: Final = (
    select(
        supply.c.total_points,
        supply.c.minted_points,
        supply.c.burned_points,
        supply.c.lapsed_points,
        _SHORT,
        supply.c.last_seq,
        cursor_table.c.block_number.label("as_of_block"),
    )
    .select_from(supply)
    .join(cursor_table, cursor_table.c.id == 1)
    .where(supply.c.program == bindparam("program"))
)

_UNFINAL: Final = (
    select(func.coalesce(func.sum(transfers.c.points), 0))
    .where(
        transfers.c.program == bindparam("program"),
        transfers.c.member == bindparam("member"),
        transfers.c.block_number > cursor_table.c.finalized_number,
    )
    .scalar_subquery()
)

_BALANCE: Final = (
    select(
        func.coalesce(balances.c.points, 0),
        _UNFINAL,
        cursor_table.c.block_number,
        cursor_table.c.finalized_number,
    )
    .select_from(cursor_table)
    .join(
        balances,
        and_(balances.c.program == bindparam("program"), balances.c.member == bindparam("member")),
        isouter=True,
    )
    .where(cursor_table.c.id == 1)
)

_TRANSFERS: Final = (
    select(
        transfers.c.block_number,
        transfers.c.log_index,
        transfers.c.points,
        transfers.c.tx_hash,
        blocks.c.timestamp_s,
    )
    .join(blocks, blocks.c.number == transfers.c.block_number)
    .where(
        transfers.c.program == bindparam("program"),
        transfers.c.member == bindparam("member"),
        # Said twice, because the index ends with the block number.
        transfers.c.block_number <= bindparam("before_block"),
        tuple_(transfers.c.block_number, transfers.c.log_index)
        < tuple_(bindparam("before_block"), bindparam("before_log")),
    )
    .order_by(transfers.c.block_number.desc(), transfers.c.log_index.desc())
    .limit(bindparam("limit"))
)

_BATCH: Final = (
    select(batches, blocks.c.hash, blocks.c.timestamp_s, cursor_table.c.finalized_number)
    .select_from(batches)
    .join(blocks, blocks.c.number == batches.c.block_number)
    .join(cursor_table, cursor_table.c.id == 1)
    .where(batches.c.program == bindparam("program"), batches.c.seq == bindparam("seq"))
)

_PROGRAM: Final = select(programs).where(programs.c.address == bindparam("program"))

_HOLDERS: Final = (
    select(balances.c.member, balances.c.points)
    .where(balances.c.program == bindparam("program"), balances.c.member > bindparam("after"))
    .order_by(balances.c.member)
    .limit(bindparam("limit"))
)


def cursor(connection: Connection) -> MirrorCursor:
    """How far the mirror reaches."""
    row = connection.execute(_CURSOR).one_or_none()
    return MirrorCursor(NOTHING, NOTHING, None) if row is None else MirrorCursor(*row)


def supply_of(connection: Connection, program: str) -> MirrorSupply | None:
    """The program's sums; None while the mirror does not know the program."""
    row = connection.execute(_SUPPLY, {"program": program}).one_or_none()
    if row is None:
        return None
    # As below, PostgreSQL's sum.
    return MirrorSupply(**{**row._mapping, "short_points": int(row.short_points)})


def balance_of(connection: Connection, program: str, member: str) -> MirrorBalance:
    """The member's points on chain; nobody's balance is zero rather than an error."""
    row = connection.execute(_BALANCE, {"program": program, "member": member}).one_or_none()
    if row is None:
        return MirrorBalance(0, 0, NOTHING, NOTHING)
    included, unfinal, block_number, finalized_number = row
    # PostgreSQL sums bigints into a numeric, which the driver gives as a Decimal.
    return MirrorBalance(included, included - int(unfinal), block_number, finalized_number)


def transfers_of(
    connection: Connection,
    program: str,
    member: str,
    *,
    limit: int,
    before: tuple[int, int] | None = None,
) -> list[MirrorTransfer]:
    """The member's transfers, newest first; `before` is (block, log index) of the last one seen."""
    before_block, before_log = before or (2**62, 0)
    rows = connection.execute(
        _TRANSFERS,
        {
            "program": program,
            "member": member,
            "before_block": before_block,
            "before_log": before_log,
            "limit": limit,
        },
    )
    return [
        MirrorTransfer(block, log_index, points, f"0x{tx_hash.hex()}", at_s)
        for block, log_index, points, tx_hash, at_s in rows
    ]


def batch_of(connection: Connection, program: str, seq: int) -> MirrorBatch | None:
    """The program's batch `seq`; None while the mirror has none."""
    row = connection.execute(_BATCH, {"program": program, "seq": seq}).one_or_none()
    if row is None:
        return None
    return MirrorBatch(
        seq=row.seq,
        receipts_root=row.receipts_root,
        word_count=row.word_count,
        minted_points=row.minted_points,
        burned_points=row.burned_points,
        block_number=row.block_number,
        block_hash=row.hash,
        tx_hash=f"0x{row.tx_hash.hex()}",
        at_s=row.timestamp_s,
        is_final=row.block_number <= row.finalized_number,
    )


def program_of(connection: Connection, program: str) -> MirrorProgram | None:
    """What the factory said of the program; None while the mirror does not know it."""
    row = connection.execute(_PROGRAM, {"program": program}).one_or_none()
    if row is None:
        return None
    return MirrorProgram(
        row.address, row.issuer, row.version, row.name, row.symbol, row.decimals, row.block_number
    )


def holders_of(
    connection: Connection, program: str, *, limit: int, after: str = ""
) -> list[tuple[str, int]]:
    """Members with their points in order of address, those with 0 points included, past `after`."""
    rows = connection.execute(_HOLDERS, {"program": program, "after": after, "limit": limit})
    return [(member, points) for member, points in rows]
