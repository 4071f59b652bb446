"""Lists of a program's members, page by page: the newest, or those with the most points."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, or_, select

from backend.ledger.columns import table_of
from backend.ledger.rule_tables import MemberStanding
from backend.ledger.tables import Balance, Member

_MEMBERS, _BALANCES = table_of(Member), table_of(Balance)
_STANDINGS = table_of(MemberStanding)


def newest_members(
    connection: Connection, program_id: str, limit: int, before_id: str | None
) -> list[str]:
    """The ids of up to `limit` members, enrolled before the one given."""
    statement = select(_MEMBERS.c.id).where(_MEMBERS.c.program_id == program_id)
    if before_id is not None:
        statement = statement.where(_MEMBERS.c.id < before_id)
    return list(connection.execute(statement.order_by(_MEMBERS.c.id.desc()).limit(limit)).scalars())


def richest_members(
    connection: Connection, program_id: str, limit: int, after: tuple[int, str] | None
) -> list[tuple[str, int]]:
    """(id, points) of up to `limit` members by what the ledger owes them, the most first, from
    after (points, id) on."""
    points, member_id = _BALANCES.c.points, _BALANCES.c.member_id
    statement = select(member_id, points).where(_BALANCES.c.program_id == program_id)
    if after is not None:
        fewer = or_(points < after[0], and_(points == after[0], member_id > after[1]))
        statement = statement.where(fewer)
    rows = connection.execute(statement.order_by(points.desc(), member_id).limit(limit))
    return [(row[0], row[1]) for row in rows]


def tiers_of(connection: Connection, member_ids: list[str]) -> dict[str, Any]:
    """The id of each member's tier as stored; None for none."""
    statement = select(_STANDINGS.c.member_id, _STANDINGS.c.tier_id).where(
        _STANDINGS.c.member_id.in_(member_ids)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}
