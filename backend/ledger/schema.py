"""Bringing a database to the shape the code expects: migrations for the ledger, tables for the
mirror, which is never migrated but rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.schema import CreateSchema

from backend.ledger import mirror_tables
from backend.ledger.engine import ledger_engine, writing

MIGRATIONS: Final = Path(__file__).with_name("migrations")
LOCK_KEY: Final = 0x6D_65_72_65_61_75
"""PostgreSQL's advisory lock of whoever changes the schema ("mereau" in ASCII)."""


def upgrade(target: Engine | str) -> None:
    """Bring the ledger to the newest revision; several processes may call it at once.

    Everything happens in one transaction, on SQLite too: a migration that fails leaves nothing.
    Raises alembic's CommandError for a database that a newer version has written.
    """
    with _engine(target) as engine, _changing_schema(engine) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current_revision(target: Engine | str) -> str | None:
    """The ledger's revision, None for a database that was never migrated."""
    with _engine(target) as engine, engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The revision `upgrade` leads to."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def known_revision(revision: str | None) -> bool:
    """Whether this version can bring a ledger of that revision up to date."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision in known


def create_mirror(engine: Engine) -> None:
    """Create the mirror's tables where they are missing. `engine` is one of `mirror_engine`."""
    with _changing_schema(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(CreateSchema(mirror_tables.MIRROR_SCHEMA, if_not_exists=True))
        mirror_tables.metadata.create_all(connection)


@contextmanager
def _engine(target: Engine | str) -> Iterator[Engine]:
    if isinstance(target, Engine):
        yield target
        return
    engine = ledger_engine(target)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _changing_schema(engine: Engine) -> Iterator[Connection]:
    """A transaction that excludes every other one that changes the schema."""
    with writing(engine, patient=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        yield connection
    # The till is not to inherit a connection that waits this long.
    engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
