"""The mirror's only writer: every change and its cursor in one transaction.

Each write names the block it builds on. When the cursor is no longer there, somebody else wrote,
nothing is written and MirrorMoved says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateSchema, DropIndex

from backend.chain.port import Header
from backend.chain.quantities import read_bytes
from backend.ledger.engine import writing
from backend.ledger.mirror_tables import (
    MIRROR_SCHEMA,
    MIRROR_VERSION,
    SCHEMA_LOCK_KEY,
    balances,
    batches,
    blocks,
    cursor,
    metadata,
    notes,
    programs,
    supply,
    transfers,
    transfers_by_member,
    undo_words,
)
from indexer.bulk import bulk_for
from indexer.follower import BlockRef
from indexer.program import Holder, Rules, Supply
from indexer.projector import Projection
from indexer.statements import (
    Identity,
    add_rows,
    block_row,
    move_cursor,
    place_cursor,
    program_row,
    prune,
    rules_of,
    undo_rows,
    undo_supplies,
    words_before,
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What following goes on from."""

    window: list[BlockRef]
    final_number: int
    supplies: dict[str, Supply]
    rules: dict[str, Rules]
    halted_reason: str | None


class MirrorStore:
    """Reads and writes of the mirror by the indexer; raises sqlalchemy's errors and MirrorMoved."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bulk = bulk_for(engine)
        self._upsert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def open(self, identity: Identity) -> None:
        """Makes the tables if needed. A mirror of something else, or of another version of the
        tables, is dropped and starts again."""
        with writing(self._engine) as connection:
            self._create(connection)
            row = connection.execute(
                select(cursor.c.version, cursor.c.chain_id, cursor.c.factory)
            ).one_or_none()
            if row is None:
                self._start(connection, identity)
            elif tuple(row) != (MIRROR_VERSION, identity.chain_id, identity.factory):
                self._recreate(connection, identity)

    def drop_and_create(self, identity: Identity) -> None:
        """An empty mirror, in one transaction."""
        with writing(self._engine) as connection:
            self._recreate(connection, identity)

    def load(self) -> Snapshot:
        """The window, and the programs' sums and rules."""
        with self._engine.connect() as connection:
            at = connection.execute(select(cursor)).one()
            held = select(blocks).where(blocks.c.number >= at.finalized_number)
            window = connection.execute(held.order_by(blocks.c.number))
            sums = connection.execute(select(supply))
            return Snapshot(
                window=[_ref(row) for row in window],
                final_number=at.finalized_number,
                supplies={
                    row.program: Supply(
                        row.minted_points, row.burned_points, row.lapsed_points, row.last_seq
                    )
                    for row in sums
                },
                rules={row.address: rules_of(row) for row in connection.execute(select(programs))},
                halted_reason=at.halted_reason,
            )

    def words(self, holders: Mapping[str, Iterable[str]]) -> dict[Holder, int]:
        """The words of these members per program; those never seen are left out."""
        if not holders:
            return {}
        with self._engine.connect() as connection:
            return self._bulk.read_words(connection, holders)

    def held_block(self, at_most: int) -> BlockRef | None:
        """The newest block of the mirror that is not above `at_most`."""
        query = select(blocks).where(blocks.c.number <= at_most)
        with self._engine.connect() as connection:
            row = connection.execute(query.order_by(blocks.c.number.desc()).limit(1)).one_or_none()
        return None if row is None else _ref(row)

    def apply(
        self,
        onto: BlockRef | None,
        projection: Projection,
        headers: Iterable[Header],
        last: Header,
        final_number: int,
    ) -> None:
        """Adds what follows block `onto` up to `last`; `headers` hold events."""
        rows = {header.number: header for header in (*headers, last)}
        with writing(self._engine) as connection:
            was_final = move_cursor(connection, onto, (last.number, last.hash), final_number)
            add_rows(connection, blocks, [block_row(rows[number]) for number in sorted(rows)])
            add_rows(connection, programs, [program_row(*each) for each in projection.programs])
            add_rows(connection, batches, [row._asdict() for row in projection.batches])
            self._set_supplies(connection, projection.supplies)
            self._bulk.add_rows(connection, transfers, projection.transfers)
            self._bulk.add_rows(connection, notes, projection.notes)
            self._bulk.set_words(connection, projection.words)
            if last.number > final_number:
                rows_to_undo = undo_rows(last.number, projection.words, projection.before)
                self._bulk.add_rows(connection, undo_words, rows_to_undo)
            prune(connection, was_final, final_number)

    def undo(self, top: BlockRef, ancestor: BlockRef, final_number: int) -> None:
        """Takes back every block above `ancestor`, from the mirror's own rows."""
        with writing(self._engine) as connection:
            move_cursor(connection, top, (ancestor.number, ancestor.hash), final_number)
            self._restore_words(connection, ancestor.number)
            undo_supplies(connection, ancestor.number)
            for table in (transfers, notes, undo_words, batches, programs):
                connection.execute(delete(table).where(table.c.block_number > ancestor.number))
            connection.execute(delete(blocks).where(blocks.c.number > ancestor.number))

    def finalise(self, top: BlockRef, final_number: int) -> None:
        """Blocks up to `final_number` have become final, nothing else has changed."""
        with writing(self._engine) as connection:
            was_final = move_cursor(connection, top, (top.number, top.hash), final_number)
            prune(connection, was_final, final_number)

    def complete_indexes(self) -> None:
        """Makes what a new mirror goes without while it catches up."""
        with writing(self._engine) as connection:
            connection.execute(CreateIndex(transfers_by_member, if_not_exists=True))

    def set_halted(self, reason: str | None) -> None:
        """Says why following stopped, or that it goes on."""
        with writing(self._engine) as connection:
            connection.execute(update(cursor).values(halted_reason=reason))

    def _restore_words(self, connection: Connection, ancestor: int) -> None:
        words = words_before(connection, ancestor)
        self._bulk.set_words(connection, {each: word for each, word in words.items() if word})
        for program, member in sorted(each for each, word in words.items() if not word):
            # A member first seen in an undone block was never seen, as a rebuild would have it.
            connection.execute(
                delete(balances).where(balances.c.program == program, balances.c.member == member)
            )

    def _create(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(SCHEMA_LOCK_KEY)))
            connection.execute(CreateSchema(MIRROR_SCHEMA, if_not_exists=True))
        metadata.create_all(connection)

    def _recreate(self, connection: Connection, identity: Identity) -> None:
        metadata.drop_all(connection)
        self._create(connection)
        self._start(connection, identity)

    def _start(self, connection: Connection, identity: Identity) -> None:
        connection.execute(DropIndex(transfers_by_member, if_exists=True))
        place_cursor(connection, identity)

    def _set_supplies(self, connection: Connection, supplies: Mapping[str, Supply]) -> None:
        if not supplies:
            return
        added = self._upsert(supply)
        names = ("total_points", "minted_points", "burned_points", "lapsed_points", "last_seq")
        connection.execute(
            added.on_conflict_do_update(
                index_elements=[supply.c.program],
                set_={name: added.excluded[name] for name in names},
            ),
            [
                {"program": program} | {name: getattr(sums, name) for name in names}
                for program, sums in sorted(supplies.items())
            ],
        )


def _ref(row: Row[Any]) -> BlockRef:
    return BlockRef(row.number, read_bytes(row.hash), read_bytes(row.parent_hash))
