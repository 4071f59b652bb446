"""The real SQLite databases of a run, with faults at statements and at both sides of a commit.

Two engines serve every run of a process, because compiling the house's statements anew takes
longer than a run; the files under them are replaced before each.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from backend.ledger.engine import ledger_engine, mirror_engine
from backend.ledger.schema import create_mirror, upgrade
from tests.sim.stage import Stage


class Databases:
    """Ledger and mirror in `folder`; `begin` gives a run fresh ones and its faults."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = [folder / "ledger.db", folder / "mirror.db"]
        self.ledger = ledger_engine(f"sqlite:///{self._files[0]}")
        self.mirror = mirror_engine(f"sqlite:///{self._files[1]}")
        upgrade(self.ledger)
        create_mirror(self.mirror)
        self.close()
        self._templates = [path.with_suffix(".template") for path in self._files]
        for path, template in zip(self._files, self._templates, strict=True):
            shutil.copyfile(path, template)
        self._faults: _Faults | None = None
        for engine in (self.ledger, self.mirror):
            self._listen(engine)

    def begin(self, stage: Stage, chance: Random) -> None:
        """Empty databases, and the faults of this run."""
        self.close()
        for path, template in zip(self._files, self._templates, strict=True):
            for left_over in path.parent.glob(f"{path.name}-*"):
                left_over.unlink()
            shutil.copyfile(template, path)
        self._faults = _Faults(stage, chance)

    def end(self) -> None:
        """No more faults."""
        self._faults = None

    def close(self) -> None:
        self.ledger.dispose()
        self.mirror.dispose()

    def _listen(self, engine: Engine) -> None:
        event.listen(engine, "connect", _never_wait)
        # The house's own listener takes the lock: whoever pauses has to pause before it.
        locking = list(engine.dispatch.begin)
        for listener in locking:
            event.remove(engine, "begin", listener)
        for listener in [self._on_begin, *locking]:
            event.listen(engine, "begin", listener)
        event.listen(engine, "commit", self._on_commit)
        event.listen(engine, "rollback", self._on_rollback)
        event.listen(engine, "before_cursor_execute", self._on_statement)

    def _on_begin(self, connection: Connection) -> None:
        if self._faults is not None:
            self._faults.on_begin(connection)

    def _on_commit(self, connection: Connection) -> None:
        if self._faults is not None:
            self._faults.on_commit(connection)

    def _on_rollback(self, connection: Connection) -> None:
        if self._faults is not None:
            self._faults.on_end(connection)

    def _on_statement(self, _: Connection, __: Any, statement: str, *___: Any) -> None:
        if self._faults is not None:
            self._faults.on_statement(statement)


class _Faults:
    def __init__(self, stage: Stage, chance: Random) -> None:
        self._stage = stage
        self._chance = chance

    def on_begin(self, connection: Connection) -> None:
        self._stage.seam("a transaction")
        if _writes(connection) and self._stage.running is not None:
            self._stage.running.transactions += 1

    def on_end(self, connection: Connection) -> None:
        actor = self._stage.running
        if _writes(connection) and actor is not None and actor.transactions:
            actor.transactions -= 1

    def on_statement(self, statement: str) -> None:
        if not statement.startswith("BEGIN"):
            self._fail_sometimes("a statement")

    def on_commit(self, connection: Connection) -> None:
        """Fails before the commit, or carries it out and then fails or is killed."""
        if not _writes(connection):
            return
        self.on_end(connection)
        self._fail_sometimes("before a commit")
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.commit()
        self._fail_sometimes("after a commit")
        self._stage.seam("a commit")

    def _fail_sometimes(self, where: str) -> None:
        stage = self._stage
        if not stage.calm and self._chance.random() < stage.plan.database_error:
            stage.trace.note(f"the database fails at {where}")
            stage.faults[f"database fails: {where}"] += 1
            raise OperationalError(where, None, sqlite3.OperationalError("disk I/O error"))


def _never_wait(connection: Any, _: Any) -> None:
    """Whoever holds the lock would have to run for it to come free."""
    connection.execute("PRAGMA busy_timeout=0")


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("mereau_writes"))
