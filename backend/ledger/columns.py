"""Column types and the metadata that every table of the ledger shares."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, SmallInteger, Table
from sqlmodel import SQLModel

metadata: MetaData = SQLModel.metadata


def bigint(
    *, nullable: bool = False, primary_key: bool = False, default: int | None = None
) -> Column[int]:
    return Column(
        BigInteger,
        nullable=nullable,
        primary_key=primary_key,
        autoincrement=False,
        default=default,
    )


def smallint() -> Column[int]:
    return Column(SmallInteger, nullable=False)


def blob(*, nullable: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=nullable)


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a model, for the prepared statements of the till's path."""
    # SQLModel sets it on every table model and does not declare it.
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table
