"""Alembic's environment: migrates over the connection that `schema.upgrade` hands in."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from backend.ledger.metadata import metadata

connection = context.config.attributes.get("connection")
if not isinstance(connection, Connection):
    raise RuntimeError("migrate with backend.ledger.schema.upgrade, which opens the transaction")

context.configure(
    connection=connection,
    target_metadata=metadata,
    # The caller's transaction is the only one, so that SQLite too changes all or nothing.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
