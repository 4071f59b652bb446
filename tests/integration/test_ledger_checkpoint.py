"""Checkpoints of SQLite's log happen beside the till's commits."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.ledger.checkpoint import COMMITS_PER_CHECKPOINT, Checkpointer
from backend.ledger.engine import ledger_engine, writing

DEADLINE_S = 60


def rows_without_the_log(database: Path, copy: Path) -> int:
    """How many rows the database file holds by itself."""
    shutil.copy(database, copy)
    with sqlite3.connect(copy) as connection:
        count: int = connection.execute("SELECT count(*) FROM kept").fetchone()[0]
    connection.close()
    copy.unlink()
    return count


def test_commits_reach_the_database_file(tmp_path: Path) -> None:
    database = tmp_path / "ledger.db"
    engine = ledger_engine(f"sqlite:///{database}")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE kept (n INTEGER)"))
    engine.dispose()
    checkpoints = Checkpointer(engine)
    checkpoints.start()
    try:
        for n in range(COMMITS_PER_CHECKPOINT - 1):
            with writing(engine) as connection:
                connection.execute(text("INSERT INTO kept VALUES (:n)"), {"n": n})
            checkpoints.committed()
        assert rows_without_the_log(database, tmp_path / "copy.db") == 0
        checkpoints.committed()
        until_s = time.monotonic() + DEADLINE_S
        while rows_without_the_log(database, tmp_path / "copy.db") < COMMITS_PER_CHECKPOINT - 1:
            if time.monotonic() > until_s:
                pytest.fail("no checkpoint was taken")
            time.sleep(0.02)
    finally:
        checkpoints.stop()
        engine.dispose()


def test_it_stops_without_having_started(tmp_path: Path) -> None:
    engine = ledger_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    Checkpointer(engine).stop()
    engine.dispose()
