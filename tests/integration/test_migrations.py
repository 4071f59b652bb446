"""The ledger's migrations, on both databases: whole, idempotent, safe, and equal to the tables."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, Table, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import BigInteger, Boolean, Integer, LargeBinary, SmallInteger

from backend.ledger import mirror_tables
from backend.ledger.engine import writing
from backend.ledger.metadata import metadata
from backend.ledger.schema import create_mirror, current_revision, newest_revision, upgrade
from tests.conftest import LedgerDatabase

JOURNAL = metadata.tables["journal"]


def sample_row(table: Table) -> dict[str, Any]:
    """A row with a value in every column; ids and references are all `x`."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if isinstance(column.type, Boolean):
            row[column.name] = True
        elif isinstance(column.type, Integer | BigInteger | SmallInteger):
            row[column.name] = 1
        elif isinstance(column.type, LargeBinary):
            row[column.name] = b"x"
        else:
            row[column.name] = "x"
    return row


def populate(engine: Engine) -> dict[str, dict[str, Any]]:
    """One row in every table, those referred to first."""
    rows = {table.name: sample_row(table) for table in metadata.sorted_tables}
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.insert().values(**rows[table.name]))
    return rows


def read_all(engine: Engine) -> dict[str, dict[str, Any]]:
    with engine.connect() as connection:
        return {
            table.name: dict(connection.execute(table.select()).mappings().one())
            for table in metadata.sorted_tables
        }


def shape(engine: Engine) -> set[tuple[Any, ...]]:
    """The schema in the database's own words, so that nothing a comparison ignores is missed."""
    if engine.dialect.name == "sqlite":
        found = inspect(engine)
        names = set(found.get_table_names()) - {"alembic_version"}
        rows: set[tuple[Any, ...]] = set()
        for name in names:
            rows |= {
                (name, "column", str(c | {"type": repr(c["type"])}))
                for c in found.get_columns(name)
            }
            rows |= {(name, "key", str(found.get_pk_constraint(name)))}
            rows |= {(name, "foreign", str(key)) for key in found.get_foreign_keys(name)}
            rows |= {(name, "unique", str(key)) for key in found.get_unique_constraints(name)}
        indexes = _read(engine, "SELECT tbl_name, 'index', sql FROM sqlite_master")
        return rows | {row for row in indexes if row[0] in names and "INDEX" in (row[2] or "")}
    statements = (
        "SELECT tablename, 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'",
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
        """SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'""",
    )
    every = [row for statement in statements for row in _read(engine, statement)]
    return {row for row in every if row[0] != "alembic_version"}


def _read(engine: Engine, statement: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_upgrade_brings_an_empty_database_to_the_newest_revision(
    empty_database: LedgerDatabase,
) -> None:
    assert current_revision(empty_database.ledger) is None
    upgrade(empty_database.ledger_url)
    assert newest_revision() is not None
    assert current_revision(empty_database.ledger_url) == newest_revision()


def test_upgrade_again_changes_nothing_on_populated_data(ledger_database: LedgerDatabase) -> None:
    rows = populate(ledger_database.ledger)
    before = shape(ledger_database.ledger)
    upgrade(ledger_database.ledger)
    upgrade(ledger_database.ledger)
    assert shape(ledger_database.ledger) == before
    assert read_all(ledger_database.ledger) == rows


def test_alembic_sees_no_difference_between_the_tables_and_the_migrations(
    ledger_database: LedgerDatabase,
) -> None:
    """If this fails after a change of tables.py: see docs/contributor, "Changing a table"."""
    with ledger_database.ledger.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_the_database_sees_no_difference_between_the_tables_and_the_migrations(
    empty_database: LedgerDatabase,
) -> None:
    """Partial indexes and key names, too, which alembic's comparison does not look at."""
    metadata.create_all(empty_database.ledger)
    from_tables = shape(empty_database.ledger)
    metadata.drop_all(empty_database.ledger)
    upgrade(empty_database.ledger)
    from_migrations = shape(empty_database.ledger)
    assert from_tables == from_migrations


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET points = 2",
        "UPDATE journal SET points = points",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE entry_no = 1",
    ],
)
def test_the_journal_refuses_change(ledger_database: LedgerDatabase, statement: str) -> None:
    rows = populate(ledger_database.ledger)
    with (
        pytest.raises(DBAPIError, match="the journal is append-only"),
        writing(ledger_database.ledger) as connection,
    ):
        connection.execute(text(statement))
    assert read_all(ledger_database.ledger)["journal"] == rows["journal"]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_the_journal_refuses_to_be_truncated(ledger_database: LedgerDatabase) -> None:
    with (
        pytest.raises(DBAPIError, match="the journal is append-only"),
        writing(ledger_database.ledger) as connection,
    ):
        connection.execute(text("TRUNCATE journal CASCADE"))


def test_a_failed_migration_leaves_nothing(empty_database: LedgerDatabase) -> None:
    """The last table to be created is there already: all that came before is rolled back."""
    with writing(empty_database.ledger) as connection:
        connection.execute(text("CREATE TABLE journal (unrelated INTEGER)"))
    with pytest.raises(DBAPIError, match="already exists"):
        upgrade(empty_database.ledger)
    assert inspect(empty_database.ledger).get_table_names() == ["journal"]


def test_processes_may_upgrade_at_once(empty_database: LedgerDatabase) -> None:
    code = (
        "import sys; from backend.ledger.schema import create_mirror, upgrade; "
        "from backend.ledger.engine import mirror_engine; "
        "upgrade(sys.argv[1]); create_mirror(mirror_engine(sys.argv[2]))"
    )
    urls = [empty_database.ledger_url, empty_database.mirror_url]
    running = [
        subprocess.Popen([sys.executable, "-c", code, *urls], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], "\n".join(errors)
    assert current_revision(empty_database.ledger) == newest_revision()


def test_the_mirror_is_created_in_its_own_place(empty_database: LedgerDatabase) -> None:
    upgrade(empty_database.ledger)
    create_mirror(empty_database.mirror)
    create_mirror(empty_database.mirror)
    names = set(mirror_tables.metadata.tables)
    schema = mirror_tables.MIRROR_SCHEMA if empty_database.kind == "postgresql" else None
    assert set(inspect(empty_database.mirror).get_table_names(schema=schema)) == names
    assert not names & set(inspect(empty_database.ledger).get_table_names())
    with writing(empty_database.mirror) as connection:
        connection.execute(
            mirror_tables.blocks.insert().values(
                number=1, hash="0x1", parent_hash="0x0", timestamp_s=1
            )
        )
        assert len(connection.execute(mirror_tables.blocks.select()).all()) == 1
