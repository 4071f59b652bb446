"""The statements that a change of the mirror is made of; store.py puts them into transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from backend.chain.port import Header
from backend.chain.quantities import write_bytes
from backend.core.calendar import Calendar
from backend.ledger.mirror_tables import (
    MIRROR_VERSION,
    NoteKind,
    batches,
    blocks,
    cursor,
    notes,
    programs,
    supply,
    transfers,
    undo_words,
)
from indexer.errors import MirrorMoved
from indexer.events import ProgramCreated
from indexer.follower import BlockRef
from indexer.program import Holder, Rules
from indexer.words import WORD_BYTES

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
    """Final blocks without events are forgotten, but for the newest final and block 0; so is what
    undoing final blocks would take."""
    connection.execute(delete(undo_words).where(undo_words.c.block_number <= final_number))
    connection.execute(
        delete(blocks).where(
            blocks.c.number >= was_final,
            blocks.c.number < final_number,
            blocks.c.number > 0,
            *(
                ~exists().where(table.c.block_number == blocks.c.number)
                for table in (batches, programs, transfers, notes)
            ),
        )
    )


def words_before(connection: Connection, ancestor: int) -> dict[tuple[str, str], int]:
    """What the members changed above block `ancestor` had there; 0 for those never seen."""
    rows = connection.execute(
        select(undo_words)
        .where(undo_words.c.block_number > ancestor)
        .order_by(undo_words.c.block_number.desc())
    )
    return {(row.program, row.member): int.from_bytes(row.word, "big") for row in rows}


def undo_supplies(connection: Connection, ancestor: int) -> None:
    """Takes the undone Transfers, lapses and batches out of the sums."""
    points = transfers.c.points
    minted = func.sum(case((points > 0, points), else_=0))
    moved = _undone(connection, transfers, ancestor, minted, minted - func.sum(points))
    swept = func.sum(case((notes.c.kind == NoteKind.LAPSED, notes.c.points), else_=0))
    lapsed = _undone(connection, notes, ancestor, swept)
    batched = _undone(connection, batches, ancestor, func.count())
    gone = select(programs.c.address).where(programs.c.block_number > ancestor)
    connection.execute(delete(supply).where(supply.c.program.in_(gone)))
    for program in sorted({*moved, *lapsed, *batched}):
        up, down = moved.get(program, (0, 0))
        connection.execute(
            update(supply)
            .where(supply.c.program == program)
            .values(
                total_points=supply.c.total_points - up + down,
                minted_points=supply.c.minted_points - up,
                burned_points=supply.c.burned_points - down,
                lapsed_points=supply.c.lapsed_points - lapsed.get(program, [0])[0],
                last_seq=supply.c.last_seq - batched.get(program, [0])[0],
            )
        )


def _undone(
    connection: Connection, table: Table, ancestor: int, *sums: ColumnElement[Any]
) -> dict[str, list[int]]:
    """Sums over the undone rows, per program."""
    rows = connection.execute(
        select(table.c.program, *sums)
        .where(table.c.block_number > ancestor)
        .group_by(table.c.program)
    )
    # PostgreSQL sums bigints into a numeric, which the driver gives as a Decimal.
    return {program: [int(each) for each in found] for program, *found in rows}


def add_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def program_row(created: ProgramCreated, rules: Rules) -> dict[str, Any]:
    calendar = rules.calendar
    return created._asdict() | {
        "period_months": calendar.period_months,
        "validity_periods": calendar.validity_periods,
        "utc_offset_minutes": calendar.utc_offset_minutes,
        "signed_only": rules.signed_only,
        "notice_days": rules.notice_days,
    }


def rules_of(row: Row[Any]) -> Rules:
    """What `program_row` wrote."""
    calendar = Calendar(row.period_months, row.validity_periods, row.utc_offset_minutes)
    return Rules(calendar, row.signed_only, row.notice_days)


def undo_rows(
    block_number: int, changed: Iterable[Holder], before: Mapping[Holder, int]
) -> list[tuple[int, str, str, bytes]]:
    """What undoing the block takes: the words that were there, zero for none."""
    return [
        (block_number, *holder, before.get(holder, 0).to_bytes(WORD_BYTES, "big"))
        for holder in changed
    ]


def block_row(header: Header) -> dict[str, Any]:
    return {
        "number": header.number,
        "hash": write_bytes(header.hash),
        "parent_hash": write_bytes(header.parent_hash),
        "timestamp_s": header.timestamp_s,
    }
