"""Reads of programs and of what belongs to them."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from backend.ledger.loading import ProgramState
from backend.ledger.tables import (
    Program,
    ProgramTotals,
    Purchase,
    Redemption,
    table_of,
)

_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_PURCHASES, _REDEMPTIONS = table_of(Purchase), table_of(Redemption)
_TOTAL_COLUMNS = [column for column in _TOTALS.c if column.name != "program_id"]
_SELECT_PROGRAMS = (
    select(_PROGRAMS, *_TOTAL_COLUMNS)
    .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
    .where(_PROGRAMS.c.merchant_id == bindparam("merchant"))
    .order_by(_PROGRAMS.c.id)
)
_SELECT_PROGRAM = _SELECT_PROGRAMS.where(_PROGRAMS.c.id == bindparam("program"))


def program_of(connection: Connection, merchant_id: str, program_id: str) -> ProgramState | None:
    """The merchant's program with its running totals."""
    bound = {"merchant": merchant_id, "program": program_id}
    row = connection.execute(_SELECT_PROGRAM, bound).first()
    return ProgramState(**row._mapping) if row else None


def programs_of(connection: Connection, merchant_id: str) -> list[ProgramState]:
    """All programs of the merchant, oldest first."""
    rows = connection.execute(_SELECT_PROGRAMS, {"merchant": merchant_id})
    return [ProgramState(**row._mapping) for row in rows]


def program_of_purchase(connection: Connection, purchase_id: str) -> str | None:
    """The program a purchase was made in; it never changes."""
    statement = select(_PURCHASES.c.program_id).where(_PURCHASES.c.id == purchase_id)
    return connection.execute(statement).scalar()


def program_of_redemption(connection: Connection, redemption_id: str) -> str | None:
    """The program a redemption was made in; it never changes."""
    statement = select(_REDEMPTIONS.c.program_id).where(_REDEMPTIONS.c.id == redemption_id)
    return connection.execute(statement).scalar()
