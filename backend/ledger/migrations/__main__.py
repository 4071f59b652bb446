"""Write a revision from the difference between the tables and the migrations so far.

    python -m backend.ledger.migrations "add tiers"       the next revision
    python -m backend.ledger.migrations --rewrite-tables  0001 anew (until the first release only)

Read what it wrote: it sees tables, columns, indexes and keys, not triggers, data or renamings.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from mako.template import Template
from sqlalchemy import Connection, create_engine
from sqlmodel import AutoString

from backend.ledger.metadata import metadata
from backend.ledger.schema import MIGRATIONS, newest_revision, upgrade

VERSIONS = MIGRATIONS.joinpath("versions")
TABLES_REVISION = VERSIONS.joinpath("0001_tables.py")


def main(arguments: list[str]) -> int:
    """Write one revision and print its path."""
    if len(arguments) != 1 or arguments[0] in {"-h", "--help"}:
        sys.stderr.write(__doc__ or "")
        return 2
    engine = create_engine("sqlite://")
    if arguments[0] == "--rewrite-tables":
        message = "Create the tables: generated from them, so it is as long as they are many"
        revision, after, path = "0001", None, TABLES_REVISION
    else:
        upgrade(engine)
        message, after = arguments[0], newest_revision()
        revision = f"{int(after or 0) + 1:04}"
        slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
        path = VERSIONS.joinpath(f"{revision}_{slug}.py")
    with engine.connect() as connection:
        body = _difference(connection)
    source = MIGRATIONS.joinpath("script.py.mako").read_text(encoding="utf-8")
    template = Template(source)  # noqa: S702 - Python, not HTML
    _write(
        path,
        template.render(message=message, up_revision=revision, down_revision=after, upgrades=body),
    )
    return 0


def _difference(connection: Connection) -> str:
    context = MigrationContext.configure(connection)
    operations = produce_migrations(context, metadata).upgrade_ops
    if operations is None or operations.is_empty():
        return ""
    # Alembic's batches are what lets SQLite alter a table; a new database needs none.
    alters = context.get_current_revision() is not None
    code = render_python_code(operations, render_item=_render_item, render_as_batch=alters)
    return "\n".join(line for line in code.splitlines() if "# ###" not in line).strip()


def _render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


def _write(path: Path, content: str) -> None:
    path.write_text(content.rstrip() + "\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=True)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
