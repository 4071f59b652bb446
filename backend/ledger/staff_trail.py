"""Reads of the trail of a merchant's people."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from backend.ledger.columns import table_of
from backend.ledger.people_tables import StaffUser
from backend.ledger.staff_action_tables import StaffAction

_ACTIONS, _USERS = table_of(StaffAction), table_of(StaffUser)


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One act; `subject_name` where it was done to a user."""

    id: str
    user_id: str
    user_name: str
    program_id: str | None
    action: str
    subject: str
    subject_name: str | None
    detail: str
    at_ms: int


def trail(
    connection: Connection,
    merchant_id: str,
    limit: int,
    *,
    before: str = "",
    user_id: str = "",
    actions: frozenset[str] = frozenset(),
) -> list[TrailLine]:
    """The newest acts before the line `before`, of one user or of some kinds only."""
    others = _USERS.alias()
    columns = [
        _ACTIONS.c.id,
        _ACTIONS.c.user_id,
        _USERS.c.name.label("user_name"),
        _ACTIONS.c.program_id,
        _ACTIONS.c.action,
        _ACTIONS.c.subject,
        others.c.name.label("subject_name"),
        _ACTIONS.c.detail,
        _ACTIONS.c.at_ms,
    ]
    found = (
        select(*columns)
        .join(_USERS, _USERS.c.id == _ACTIONS.c.user_id)
        .outerjoin(
            others,
            (others.c.id == _ACTIONS.c.subject) & (others.c.merchant_id == _ACTIONS.c.merchant_id),
        )
        .where(_ACTIONS.c.merchant_id == merchant_id)
        .order_by(_ACTIONS.c.id.desc())
        .limit(limit)
    )
    if before:
        found = found.where(_ACTIONS.c.id < before)
    if user_id:
        found = found.where(_ACTIONS.c.user_id == user_id)
    if actions:
        found = found.where(_ACTIONS.c.action.in_(actions))
    return [TrailLine(**row._mapping) for row in connection.execute(found)]
