"""Reads of adjustments and of what a program's console is set to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from backend.core.adjustments import APPROVAL_ABOVE_POINTS, AdjustmentState
from backend.ledger.adjustment_tables import Adjustment, ConsoleSettings
from backend.ledger.columns import table_of
from backend.ledger.people_tables import StaffUser
from backend.ledger.tables import Program

Row = dict[str, Any]

_ADJUSTMENTS, _SETTINGS = table_of(Adjustment), table_of(ConsoleSettings)
_PROGRAMS, _ASKING = table_of(Program), table_of(StaffUser).alias()
_DECIDING = table_of(StaffUser).alias()
_SELECT = (
    select(
        _ADJUSTMENTS,
        _ASKING.c.name.label("asked_by_name"),
        _DECIDING.c.name.label("decided_by_name"),
    )
    .join(_PROGRAMS, _PROGRAMS.c.id == _ADJUSTMENTS.c.program_id)
    .outerjoin(_ASKING, _ASKING.c.id == _ADJUSTMENTS.c.asked_by)
    .outerjoin(_DECIDING, _DECIDING.c.id == _ADJUSTMENTS.c.decided_by)
    .where(_PROGRAMS.c.merchant_id == bindparam("merchant"))
)
_WAITING = _ADJUSTMENTS.c.state == AdjustmentState.WAITING.value
WAITING_MAX = 200


def adjustment_by_id(connection: Connection, merchant_id: str, adjustment_id: str) -> Row | None:
    """The merchant's adjustment, with the names of who asked and who decided."""
    found = connection.execute(
        _SELECT.where(_ADJUSTMENTS.c.id == adjustment_id), {"merchant": merchant_id}
    )
    row = found.mappings().first()
    return dict(row) if row else None


def waiting_adjustments(connection: Connection, merchant_id: str, program_id: str) -> list[Row]:
    """Those that wait for a second person, the oldest first."""
    mine = _SELECT.where(_ADJUSTMENTS.c.program_id == program_id, _WAITING)
    rows = connection.execute(
        mine.order_by(_ADJUSTMENTS.c.id).limit(WAITING_MAX), {"merchant": merchant_id}
    )
    return [dict(row) for row in rows.mappings()]


def adjustments_of_program(
    connection: Connection, merchant_id: str, program_id: str, limit: int, before_id: str | None
) -> list[Row]:
    """Up to `limit` of the program's that wait no more, newest first, older than the one given."""
    statement = _SELECT.where(_ADJUSTMENTS.c.program_id == program_id, ~_WAITING)
    if before_id is not None:
        statement = statement.where(_ADJUSTMENTS.c.id < before_id)
    newest_first = statement.order_by(_ADJUSTMENTS.c.id.desc()).limit(limit)
    rows = connection.execute(newest_first, {"merchant": merchant_id}).mappings()
    return [dict(row) for row in rows]


def adjustments_of_member(
    connection: Connection, merchant_id: str, member_id: str, limit: int, before_id: str | None
) -> list[Row]:
    """Up to `limit` of the member's, newest first, older than the one given."""
    statement = _SELECT.where(_ADJUSTMENTS.c.member_id == member_id)
    if before_id is not None:
        statement = statement.where(_ADJUSTMENTS.c.id < before_id)
    newest_first = statement.order_by(_ADJUSTMENTS.c.id.desc()).limit(limit)
    rows = connection.execute(newest_first, {"merchant": merchant_id}).mappings()
    return [dict(row) for row in rows]


def settings_of(connection: Connection, program_id: str) -> Row | None:
    """What the program's console is set to; None where nobody has set anything."""
    found = connection.execute(select(_SETTINGS).where(_SETTINGS.c.program_id == program_id))
    row = found.mappings().first()
    return dict(row) if row else None


def approval_above(connection: Connection, program_id: str) -> int:
    """Up to how many points one person may adjust alone."""
    row = settings_of(connection, program_id)
    return int(row["approval_above_points"]) if row else APPROVAL_ABOVE_POINTS
