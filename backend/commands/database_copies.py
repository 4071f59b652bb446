"""Consistent copies of the databases, made while they are written to, and put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect, make_url

from backend.commands.archive import BackupError
from backend.ledger.mirror_tables import MIRROR_SCHEMA
from backend.settings import Settings

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
DUMP: Final = "postgresql.dump"
_TAIL: Final = ("", "-wal", "-shm", "-journal")


def kind_of(settings: Settings) -> str:
    return SQLITE if settings.ledger_url.startswith(SQLITE) else POSTGRESQL


def copy_out(settings: Settings, folder: Path) -> dict[str, Path]:
    """Copies of ledger and mirror in `folder`, by name. Raises BackupError.

    The mirror is copied first: whatever it has was sealed before, so the later ledger knows it.
    """
    if kind_of(settings) == POSTGRESQL:
        target = folder / DUMP
        _run("pg_dump", settings, "--format=custom", f"--file={target}")
        return {DUMP: target}
    copies = {}
    for name, source in reversed(sqlite_paths(settings).items()):
        if name == "mirror.db" and not source.exists():
            continue
        if not source.exists():
            raise BackupError(f"there is no ledger at {source}")
        copies[name] = folder / name
        _copy_sqlite(source, copies[name])
    return copies


def put_back(settings: Settings, files: dict[str, Path], *, replace: bool) -> None:
    """The databases as the copies have them, in place of what is there. Raises BackupError."""
    if kind_of(settings) == POSTGRESQL:
        clean = ("--clean", "--if-exists") if replace else ()
        _run(
            *("pg_restore", settings, "--single-transaction", "--exit-on-error"),
            *("--no-owner", "--no-privileges", *clean, f"--dbname={_database(settings)}"),
            str(files[DUMP]),
        )
        return
    for name, target in sqlite_paths(settings).items():
        for tail in _TAIL:
            target.with_name(target.name + tail).unlink(missing_ok=True)
        if name in files:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(files[name], target)


def in_the_way(settings: Settings, ledger: Engine) -> str | None:
    """What a restore would destroy; None for an empty place."""
    if kind_of(settings) == SQLITE:
        there = [str(path) for path in sqlite_paths(settings).values() if path.exists()]
        return " and ".join(there) or None
    looked = inspect(ledger)
    tables = [*looked.get_table_names(), *looked.get_table_names(schema=MIRROR_SCHEMA)]
    return f"a database with {len(tables)} tables" if tables else None


def sqlite_paths(settings: Settings) -> dict[str, Path]:
    """Ledger and mirror, by their names in a backup."""
    urls = {"ledger.db": settings.ledger_url, "mirror.db": settings.mirror_url}
    return {name: Path(url.removeprefix("sqlite:///")) for name, url in urls.items()}


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online backup, in one step: a writer beside it is neither held up nor torn."""
    with (
        closing(sqlite3.connect(source, timeout=30)) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        try:
            there.backup(here, pages=-1)
            (verdict,) = here.execute("PRAGMA quick_check").fetchone()
        except sqlite3.Error as failure:
            raise BackupError(f"{source} cannot be copied: {failure}") from None
        if verdict != "ok":
            raise BackupError(f"{source} is damaged: {verdict}")


def _database(settings: Settings) -> str:
    return make_url(settings.ledger_url).database or ""


def _run(program: str, settings: Settings, *arguments: str) -> None:
    """One of PostgreSQL's programs on the ledger's database; the password is in its environment."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(
            f"{program} is not installed: a backup of PostgreSQL needs PostgreSQL's own client"
            " programs, of the server's version or a newer one"
        )
    url = make_url(settings.ledger_url)
    socket = url.query.get("host")
    given = {
        "PGHOST": url.host or (socket if isinstance(socket, str) else None),
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": None if url.password is None else str(url.password),
        "PGDATABASE": url.database,
    }
    done = subprocess.run(
        [found, "--no-password", *arguments],
        env={**os.environ, **{name: value for name, value in given.items() if value is not None}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it ended without a word"]
        raise BackupError(f"{program}: {lines[0]}")
