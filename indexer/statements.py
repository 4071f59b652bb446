"""The statements that a change of the mirror is made of; store.py puts them into transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Table,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)

from backend.chain.port import Header
from backend.chain.quantities import write_bytes
from backend.ledger.mirror_tables import (
    MIRROR_VERSION,
    balances,
    batches,
    blocks,
    cursor,
    programs,
    supply,
    transfers,
)
from indexer.errors import MirrorMoved
from indexer.follower import BlockRef

CURSOR_ID: Final = 1
NOTHING: Final = -1
"""The cursor's block numbers while nothing is mirrored."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a mirror is a mirror of; `factory` is lower-case hex."""

    chain_id: int
    factory: str


def place_cursor(connection: Connection, identity: Identity) -> None:
    connection.execute(
        insert(cursor).values(
            id=CURSOR_ID,
            version=MIRROR_VERSION,
            chain_id=identity.chain_id,
            factory=identity.factory,
            block_number=NOTHING,
            block_hash="",
            finalized_number=NOTHING,
            halted_reason=None,
        )
    )


def move_cursor(
    connection: Connection, onto: BlockRef | None, to: tuple[int, bytes], final_number: int
) -> int:
    """Moves the cursor if it is at `onto`; the newest final block before. Raises MirrorMoved."""
    number, block_hash = (NOTHING, "") if onto is None else (onto.number, write_bytes(onto.hash))
    was_final = connection.execute(select(cursor.c.finalized_number)).scalar_one()
    moved = connection.execute(
        update(cursor)
        .where(cursor.c.block_number == number, cursor.c.block_hash == block_hash)
        .values(
            block_number=to[0],
            block_hash=write_bytes(to[1]),
            finalized_number=final_number,
            halted_reason=None,
        )
    )
    if moved.rowcount != 1:
        raise MirrorMoved(f"the mirror is no longer at block {number}")
    return int(was_final)


def prune(connection: Connection, was_final: int, final_number: int) -> None:
    """Final blocks without events are forgotten, but for the newest final and block 0."""
    connection.execute(
        delete(blocks).where(
            blocks.c.number >= was_final,
            blocks.c.number < final_number,
            blocks.c.number > 0,
            ~exists().where(batches.c.block_number == blocks.c.number),
            ~exists().where(programs.c.block_number == blocks.c.number),
        )
    )


def undo_balances(connection: Connection, ancestor: int) -> None:
    undone = (
        select(
            transfers.c.program, transfers.c.member, func.sum(transfers.c.points).label("points")
        )
        .where(transfers.c.block_number > ancestor)
        .group_by(transfers.c.program, transfers.c.member)
        .subquery()
    )
    kept = transfers.alias()
    # A member first seen in an undone block was never seen, as a rebuilt mirror would have it.
    connection.execute(
        delete(balances).where(
            tuple_(balances.c.program, balances.c.member).in_(
                select(undone.c.program, undone.c.member)
            ),
            ~exists().where(
                kept.c.program == balances.c.program,
                kept.c.member == balances.c.member,
                kept.c.block_number <= ancestor,
            ),
        )
    )
    connection.execute(
        update(balances)
        .where(balances.c.program == undone.c.program, balances.c.member == undone.c.member)
        .values(points=balances.c.points - undone.c.points)
    )


def undo_supplies(connection: Connection, ancestor: int) -> None:
    undone = (
        select(
            batches.c.program,
            func.sum(batches.c.minted_points).label("minted"),
            func.sum(batches.c.burned_points).label("burned"),
            func.min(batches.c.seq).label("first_seq"),
        )
        .where(batches.c.block_number > ancestor)
        .group_by(batches.c.program)
        .subquery()
    )
    connection.execute(
        update(supply)
        .where(supply.c.program == undone.c.program)
        .values(
            total_points=supply.c.total_points - undone.c.minted + undone.c.burned,
            minted_points=supply.c.minted_points - undone.c.minted,
            burned_points=supply.c.burned_points - undone.c.burned,
            last_seq=undone.c.first_seq - 1,
        )
    )
    gone = select(programs.c.address).where(programs.c.block_number > ancestor)
    connection.execute(delete(supply).where(supply.c.program.in_(gone)))


def add_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def block_row(header: Header) -> dict[str, Any]:
    return {
        "number": header.number,
        "hash": write_bytes(header.hash),
        "parent_hash": write_bytes(header.parent_hash),
        "timestamp_s": header.timestamp_s,
    }
