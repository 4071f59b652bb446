"""Engines for the two databases the house runs on, set up for durability."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from backend.ledger.mirror_tables import MIRROR_SCHEMA

BUSY_SECONDS = 5
"""How long SQLite waits for another process's write before it gives up: the till waits as long."""


def ledger_engine(url: str) -> Engine:
    """An engine for the ledger; raises sqlalchemy's errors for a URL it cannot read."""
    if url.startswith("sqlite"):
        return _sqlite_engine(url)
    return create_engine(url, pool_pre_ping=True, hide_parameters=True)


def mirror_engine(url: str) -> Engine:
    """An engine for the mirror, whose unnamed schema is `mirror` on PostgreSQL."""
    if url.startswith("sqlite"):
        return _sqlite_engine(url)
    return create_engine(url, pool_pre_ping=True, hide_parameters=True).execution_options(
        schema_translate_map={None: MIRROR_SCHEMA}
    )


@contextmanager
def writing(engine: Engine, *, patient: bool = False) -> Iterator[Connection]:
    """A transaction that will write: committed at the end, rolled back on any exception.

    On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so that it can never fail half-way
    for having read before another writer wrote. A patient one waits a minute for that lock, and
    so does what uses its connection later.
    """
    options = {_WRITES: True, _PATIENT: patient}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


_WRITES = "mereau_writes"
_PATIENT = "mereau_patient"


def _sqlite_engine(url: str) -> Engine:
    # isolation_level None stops the driver from opening transactions by its own rules.
    engine = create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # Without it INSERT OR REPLACE deletes a row past the journal's triggers.
        cursor.execute("PRAGMA recursive_triggers=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(_PATIENT, False):
            connection.exec_driver_sql("PRAGMA busy_timeout=60000")
        writes = options.get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
