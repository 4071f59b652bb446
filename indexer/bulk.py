"""The two writes and the one read that come in tens of thousands of rows, per database.

SQLite takes tuples through the driver; PostgreSQL takes COPY for new rows and arrays for sums.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import psycopg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    String,
    any_,
    bindparam,
    cast,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from backend.ledger.mirror_tables import MIRROR_SCHEMA, balances, transfers
from indexer.events import Transfer
from indexer.projector import Holder

MEMBERS_PER_QUERY: Final = 20_000


class Bulk(Protocol):
    def add_transfers(self, connection: Connection, rows: Sequence[Transfer]) -> None: ...

    def set_balances(self, connection: Connection, points: Mapping[Holder, int]) -> None:
        """Sets the balances of these holders, new ones included."""
        ...

    def read_balances(
        self, connection: Connection, holders: Mapping[str, Iterable[str]]
    ) -> dict[Holder, int]:
        """The balances of these members per program; those without a row are left out."""
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
        self._add = str(insert(transfers).compile(dialect=dialect))
        added = sqlite.insert(balances)
        self._set = str(
            added.on_conflict_do_update(
                index_elements=[balances.c.program, balances.c.member],
                set_={"points": added.excluded.points},
            ).compile(dialect=dialect)
        )
        members = func.json_each(bindparam("members", type_=String)).table_valued("value")
        self._read = select(balances.c.member, balances.c.points).where(
            balances.c.program == bindparam("program"),
            balances.c.member.in_(select(members.c.value)),
        )

    def add_transfers(self, connection: Connection, rows: Sequence[Transfer]) -> None:
        if rows:
            connection.exec_driver_sql(self._add, list(rows))

    def set_balances(self, connection: Connection, points: Mapping[Holder, int]) -> None:
        rows = [(*holder, value) for holder, value in sorted(points.items())]
        if rows:
            connection.exec_driver_sql(self._set, rows)

    def read_balances(
        self, connection: Connection, holders: Mapping[str, Iterable[str]]
    ) -> dict[Holder, int]:
        return _read_in_chunks(connection, self._read, holders, json.dumps)


class _PostgresBulk:
    _COPY: Final = (
        f"COPY {MIRROR_SCHEMA}.mirror_transfers"
        " (block_number, log_index, program, member, points, tx_hash)"
        " FROM STDIN (FORMAT BINARY)"
    )
    _TYPES: Final = ("int8", "int4", "varchar", "varchar", "int8", "bytea")

    def __init__(self) -> None:
        added = postgresql.insert(balances).from_select(
            ["program", "member", "points"],
            select(
                func.unnest(_list_of("programs")),
                func.unnest(_list_of("members")),
                func.unnest(cast(_list_of("points"), ARRAY(BigInteger))),
            ),
        )
        self._set = added.on_conflict_do_update(
            index_elements=[balances.c.program, balances.c.member],
            set_={"points": added.excluded.points},
        )
        self._read = select(balances.c.member, balances.c.points).where(
            balances.c.program == bindparam("program"),
            balances.c.member == any_(_list_of("members")),
        )

    def add_transfers(self, connection: Connection, rows: Sequence[Transfer]) -> None:
        if not rows:
            return
        driver: Any = connection.connection.dbapi_connection
        try:
            with driver.cursor() as cursor, cursor.copy(self._COPY) as copy:
                copy.set_types(self._TYPES)
                for row in rows:
                    copy.write_row(row)
        except psycopg.OperationalError as error:
            raise OperationalError("COPY mirror_transfers", None, error) from error

    def set_balances(self, connection: Connection, points: Mapping[Holder, int]) -> None:
        if not points:
            return
        # Sorted, so that two writers would meet their rows in the same order.
        holders = sorted(points)
        connection.execute(
            self._set,
            {
                "programs": ",".join([program for program, _ in holders]),
                "members": ",".join([member for _, member in holders]),
                "points": ",".join([str(points[holder]) for holder in holders]),
            },
        )

    def read_balances(
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
            found.update({(program, member): points for member, points in rows})
    return found
