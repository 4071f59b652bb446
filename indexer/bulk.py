"""The writes and the one read that come in tens of thousands of rows, per database.

SQLite takes tuples through the driver; PostgreSQL takes COPY for new rows and arrays for sums.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import psycopg
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    String,
    Table,
    any_,
    bindparam,
    cast,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from backend.ledger.mirror_tables import MIRROR_SCHEMA, balances, notes, transfers, undo_words
from indexer.program import Holder
from indexer.words import row_of, word_of

MEMBERS_PER_QUERY: Final = 20_000


_VALUES: Final = tuple(column.name for column in balances.columns if not column.primary_key)
"""The columns that `row_of` gives, in its order."""

_READ: Final = select(
    balances.c.member,
    balances.c.period,
    *(balances.c[f"lot_{age}"] for age in range(5)),
    balances.c.signed_only,
    balances.c.nonce,
).where(balances.c.program == bindparam("program"))


class Bulk(Protocol):
    def add_rows(
        self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Adds rows of transfers, notes or undo_words, as tuples in the order of the columns."""
        ...

    def set_words(self, connection: Connection, words: Mapping[Holder, int]) -> None:
        """Sets the words of these members, new ones included."""
        ...

    def read_words(
        self, connection: Connection, holders: Mapping[str, Iterable[str]]
    ) -> dict[Holder, int]:
        """The words of these members per program; those without a row are left out."""
        ...


def bulk_for(engine: Engine) -> Bulk:
    """The bulk operations of the engine's database; ValueError for one that has none."""
    if engine.dialect.name == "sqlite":
        return _SqliteBulk()
    if engine.dialect.name == "postgresql":
        return _PostgresBulk()
    raise ValueError(f"no bulk operations for {engine.dialect.name}")


class _SqliteBulk:
    def __init__(self) -> None:
        dialect = sqlite.dialect()
        self._add = {
            table.name: str(insert(table).compile(dialect=dialect))
            for table in (transfers, notes, undo_words)
        }
        added = sqlite.insert(balances)
        self._set = str(
            added.on_conflict_do_update(
                index_elements=[balances.c.program, balances.c.member],
                set_={name: added.excluded[name] for name in _VALUES},
            ).compile(dialect=dialect)
        )
        members = func.json_each(bindparam("members", type_=String)).table_valued("value")
        self._read = _READ.where(balances.c.member.in_(select(members.c.value)))

    def add_rows(
        self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        if rows:
            connection.exec_driver_sql(self._add[table.name], list(rows))

    def set_words(self, connection: Connection, words: Mapping[Holder, int]) -> None:
        rows: list[tuple[Any, ...]] = [
            (*holder, *row_of(word)) for holder, word in sorted(words.items())
        ]
        if rows:
            connection.exec_driver_sql(self._set, rows)

    def read_words(
        self, connection: Connection, holders: Mapping[str, Iterable[str]]
    ) -> dict[Holder, int]:
        return _read_in_chunks(connection, self._read, holders, json.dumps)


class _PostgresBulk:
    _TYPES: Final = {
        transfers.name: ("int8", "int4", "varchar", "varchar", "int8", "bytea"),
        notes.name: (
            *("int8", "int4", "varchar", "varchar", "int2"),
            *("int8", "int8", "varchar", "bytea"),
        ),
        undo_words.name: ("int8", "varchar", "varchar", "bytea"),
    }

    def __init__(self) -> None:
        values = [
            func.unnest(cast(_list_of(name), ARRAY(balances.c[name].type))) for name in _VALUES
        ]
        added = postgresql.insert(balances).from_select(
            ["program", "member", *_VALUES],
            select(func.unnest(_list_of("program")), func.unnest(_list_of("member")), *values),
        )
        self._set = added.on_conflict_do_update(
            index_elements=[balances.c.program, balances.c.member],
            set_={name: added.excluded[name] for name in _VALUES},
        )
        self._read = _READ.where(balances.c.member == any_(_list_of("members")))

    def add_rows(
        self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        if not rows:
            return
        columns = ", ".join(column.name for column in table.columns)
        statement = f"COPY {MIRROR_SCHEMA}.{table.name} ({columns}) FROM STDIN (FORMAT BINARY)"
        driver: Any = connection.connection.dbapi_connection
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(self._TYPES[table.name])
                for row in rows:
                    copy.write_row(row)
        except psycopg.OperationalError as error:
            raise OperationalError(f"COPY {table.name}", None, error) from error

    def set_words(self, connection: Connection, words: Mapping[Holder, int]) -> None:
        if not words:
            return
        # Sorted, so that two writers would meet their rows in the same order.
        holders = sorted(words)
        rows = zip(*(row_of(words[holder]) for holder in holders), strict=True)
        connection.execute(
            self._set,
            {
                "program": ",".join([program for program, _ in holders]),
                "member": ",".join([member for _, member in holders]),
                **{
                    name: ",".join(map(str, column))
                    for name, column in zip(_VALUES, rows, strict=True)
                },
            },
        )

    def read_words(
        self, connection: Connection, holders: Mapping[str, Iterable[str]]
    ) -> dict[Holder, int]:
        return _read_in_chunks(connection, self._read, holders, ",".join)


def _list_of(parameter: str) -> ColumnElement[list[str]]:
    """An array as one text: addresses and numbers hold no comma, and the driver would look at
    every element of a list."""
    return func.string_to_array(bindparam(parameter, type_=String), ",", type_=ARRAY(String))


def _read_in_chunks(
    connection: Connection,
    statement: Executable,
    holders: Mapping[str, Iterable[str]],
    pack: Any,
) -> dict[Holder, int]:
    found: dict[Holder, int] = {}
    for program, members in holders.items():
        ordered = sorted(members)
        for start in range(0, len(ordered), MEMBERS_PER_QUERY):
            chunk = pack(ordered[start : start + MEMBERS_PER_QUERY])
            rows = connection.execute(statement, {"program": program, "members": chunk})
            for member, period, *lots, signed_only, nonce in rows:
                found[program, member] = word_of(period, lots, signed_only, nonce)
    return found
