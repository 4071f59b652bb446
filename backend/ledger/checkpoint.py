"""SQLite's checkpoints, taken beside the till instead of in its commits.

By default the commit that finds the write-ahead log long moves it into the database file, and
everybody in that group waits for the disk. Here a thread does it between commits, without a lock
that a writer would meet (https://www.sqlite.org/wal.html, "Checkpointing").
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

log = logging.getLogger(__name__)

COMMITS_PER_CHECKPOINT: Final = 32


class Checkpointer:
    """Checkpoints of one SQLite engine; start it, report commits, stop it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._commits_count = 0
        self._stopping = False
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        event.listen(engine, "connect", _leave_the_log)

    def start(self) -> None:
        # Connections from before keep the driver's default; they are opened anew.
        self._engine.dispose()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; the log that is left is the next opener's, as after a crash."""
        self._stopping = True
        self._due.set()
        if self._thread.is_alive():
            self._thread.join()

    def committed(self) -> None:
        """Counts a commit; a checkpoint falls due after some."""
        self._commits_count += 1
        if self._commits_count % COMMITS_PER_CHECKPOINT == 0:
            self._due.set()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._stopping:
                return
            try:
                self._checkpoint()
            except (SQLAlchemyError, sqlite3.Error):
                log.warning("no checkpoint this time; the log stays longer", exc_info=True)

    def _checkpoint(self) -> None:
        # The driver's own connection: SQLAlchemy would begin a transaction around it.
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").close()
        finally:
            connection.close()


def _leave_the_log(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # 64 MiB: from there on a commit takes a checkpoint by itself, the thread being too slow.
    cursor.execute("PRAGMA wal_autocheckpoint=16384")
    cursor.close()
