"""Many rows in one statement, per database: what a group of commands reads and writes.

Keys to look up travel as one JSON document and are joined to the table, so that each is found by
the whole of its index; PostgreSQL, asked for a list of keys, may read everything that shares their
first column. New rows are tuples for SQLite's driver, and one JSON document per table for
PostgreSQL, because a statement per row costs it, and the driver, several times the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    Connection,
    Executable,
    LargeBinary,
    String,
    Table,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.selectable import FromClause, TableValuedAlias

Row = Mapping[str, Any]

_SQLITE: Final = sqlite.dialect(paramstyle="qmark")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts rows, each with a value for every column but those that may be null."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        text, names = _sqlite_insert(table)
        connection.exec_driver_sql(text, [tuple(map(row.get, names)) for row in rows])
    else:
        connection.execute(_postgres_insert(table), {"rows": _document(table, rows)})


def update_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Sets the other columns of the rows that are found by their primary key.

    All rows name the same columns. They are updated in the order of their keys, so that two
    writers would meet them in the same order.
    """
    if not rows:
        return
    names = tuple(rows[0])
    key = table.primary_key.columns.values()[0].name
    ordered = sorted(rows, key=itemgetter(key))
    if connection.dialect.name == "sqlite":
        text, places = _sqlite_update(table, names)
        connection.exec_driver_sql(text, [tuple([row[p] for p in places]) for row in ordered])
    else:
        connection.execute(_postgres_update(table, names), {"rows": _document(table, ordered)})


def wanted(dialect: str, table: Table, *names: str) -> FromClause:
    """The keys bound as `wanted`, as rows with these columns of the table; to join it to.

    Bind what `wanted_keys` makes of them.
    """
    if dialect == "sqlite":
        each = func.json_each(bindparam("wanted", type_=String)).table_valued("value")
        parts = [
            func.json_extract(each.c.value, f"$[{place}]", type_=table.columns[name].type)
            for place, name in enumerate(names)
        ]
        labelled = [part.label(name) for part, name in zip(parts, names, strict=True)]
        return select(*labelled).subquery()
    return _recordset(table, names, "wanted")


def wanted_keys(dialect: str, names: Sequence[str], keys: Iterable[tuple[str, ...]]) -> str:
    """The document that `wanted` reads, sorted, so that rows are locked in one order."""
    ordered = sorted(keys)
    if dialect == "sqlite":
        return msgspec.json.encode(ordered).decode()
    return msgspec.json.encode([dict(zip(names, key, strict=True)) for key in ordered]).decode()


@lru_cache(maxsize=64)
def _sqlite_insert(table: Table) -> tuple[str, tuple[str, ...]]:
    return str(insert(table).compile(dialect=_SQLITE)), tuple(table.columns.keys())


@lru_cache(maxsize=64)
def _sqlite_update(table: Table, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    keys = table.primary_key.columns
    statement = update(table).where(*(one == bindparam(f"at_{one.name}") for one in keys))
    compiled = statement.values(
        {name: bindparam(f"to_{name}") for name in names if name not in keys}
    ).compile(dialect=_SQLITE)
    places = [place.partition("_")[2] for place in compiled.positiontup or ()]
    return str(compiled), tuple(places)


@lru_cache(maxsize=64)
def _postgres_insert(table: Table) -> Executable:
    names = table.columns.keys()
    rows = _recordset(table, names)
    return insert(table).from_select(names, select(*rows.columns))


@lru_cache(maxsize=64)
def _postgres_update(table: Table, names: tuple[str, ...]) -> Executable:
    keys = table.primary_key.columns
    rows = _recordset(table, names)
    return (
        update(table)
        .where(*(one == rows.columns[one.name] for one in keys))
        .values({name: rows.columns[name] for name in names if name not in keys})
    )


def _recordset(table: Table, names: Sequence[str], bound: str = "rows") -> TableValuedAlias:
    typed = [column(name, table.columns[name].type) for name in names]
    document = cast(bindparam(bound, type_=String), JSON)
    return func.json_to_recordset(document).table_valued(*typed).render_derived(with_types=True)


def _document(table: Table, rows: Sequence[Row]) -> str:
    blobs = _blobs(table)
    if blobs:
        rows = [{**row, **{name: _hex(row.get(name)) for name in blobs}} for row in rows]
    return msgspec.json.encode(rows).decode()


@lru_cache(maxsize=64)
def _blobs(table: Table) -> tuple[str, ...]:
    return tuple(one.name for one in table.columns if isinstance(one.type, LargeBinary))


def _hex(value: bytes | None) -> str | None:
    """The form in which PostgreSQL reads bytes from a text."""
    return None if value is None else f"\\x{value.hex()}"
