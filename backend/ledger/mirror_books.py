"""Reads of the mirror for the books: sums up to a block, the supply over time, batches by page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, select

from backend.core.books import ChainSums
from backend.ledger.mirror_tables import NoteKind, batches, blocks, cursor, notes, transfers


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch as the chain's log has it; `is_final` where no fork can undo it any more."""

    seq: int
    receipts_root: str
    word_count: int
    minted_points: int
    burned_points: int
    block_number: int
    tx_hash: str
    at_s: int
    is_final: bool


def sums_until(connection: Connection, program: str, block_number: int) -> ChainSums:
    """What the program's logs add up to, the block's own included."""
    moved = transfers.c.points
    minted, burned = connection.execute(
        select(
            func.coalesce(func.sum(case((moved > 0, moved), else_=0)), 0),
            func.coalesce(func.sum(case((moved < 0, -moved), else_=0)), 0),
        ).where(transfers.c.program == program, transfers.c.block_number <= block_number)
    ).one()
    rows = connection.execute(
        select(notes.c.kind, func.sum(notes.c.points), func.sum(notes.c.number))
        .where(notes.c.program == program, notes.c.block_number <= block_number)
        .group_by(notes.c.kind)
    )
    noted = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    return ChainSums(
        minted_points=int(minted),
        burned_points=int(burned),
        lapsed_points=noted.get(NoteKind.LAPSED, (0, 0))[0],
        restored_points=noted.get(NoteKind.RESTORED, (0, 0))[0],
        rebound_points=noted.get(NoteKind.REBOUND, (0, 0))[0],
        short_points=noted.get(NoteKind.RETURN_SHORT, (0, 0))[1],
    )


def last_seq_until(connection: Connection, program: str, block_number: int) -> int:
    """The newest batch up to the block; 0 for none."""
    newest = select(func.max(batches.c.seq)).where(
        batches.c.program == program, batches.c.block_number <= block_number
    )
    return connection.execute(newest).scalar() or 0


def supply_changes(connection: Connection, program: str) -> list[tuple[int, int]]:
    """By how much the supply changed in each block that changed it: (UTC second, points)."""
    rows = connection.execute(
        select(blocks.c.timestamp_s, func.sum(transfers.c.points))
        .join(blocks, blocks.c.number == transfers.c.block_number)
        .where(transfers.c.program == program)
        .group_by(transfers.c.block_number, blocks.c.timestamp_s)
        .order_by(transfers.c.block_number)
    )
    return [(row[0], int(row[1])) for row in rows]


def batches_before(
    connection: Connection, program: str, seq: int | None, limit: int
) -> list[BatchLine]:
    """The program's batches, newest first, those before `seq`."""
    before = batches.c.seq < seq if seq is not None else batches.c.seq > 0
    final = select(cursor.c.finalized_number).scalar_subquery()
    rows = connection.execute(
        select(
            batches.c.seq,
            batches.c.receipts_root,
            batches.c.word_count,
            batches.c.minted_points,
            batches.c.burned_points,
            batches.c.block_number,
            batches.c.tx_hash,
            blocks.c.timestamp_s,
            (batches.c.block_number <= final).label("is_final"),
        )
        .join(blocks, blocks.c.number == batches.c.block_number)
        .where(and_(batches.c.program == program, before))
        .order_by(batches.c.seq.desc())
        .limit(limit)
    )
    return [
        BatchLine(
            seq=row.seq,
            receipts_root=row.receipts_root,
            word_count=row.word_count,
            minted_points=row.minted_points,
            burned_points=row.burned_points,
            block_number=row.block_number,
            tx_hash=f"0x{row.tx_hash.hex()}",
            at_s=row.timestamp_s,
            is_final=bool(row.is_final),
        )
        for row in rows
    ]
