"""Reads of the catalogue, of claims and of charities, outside the group commit.

A coalition's partners see its catalogue, and the claims of their own tills.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, func, or_, select

from backend.core.claims import LIVE, ClaimState
from backend.core.rewards import RewardState
from backend.ledger.columns import table_of
from backend.ledger.partners import OWNED, VISIBLE
from backend.ledger.reward_tables import Charity, Reward, RewardClaim, RewardGrant
from backend.ledger.spending_loads import RewardRecord, held_claims
from backend.ledger.tables import Member, Program, Redemption

Row = dict[str, Any]

_PROGRAMS, _REDEMPTIONS = table_of(Program), table_of(Redemption)
_MEMBERS = table_of(Member)
_REWARDS, _CLAIMS, _CHARITIES = table_of(Reward), table_of(RewardClaim), table_of(Charity)
_GRANTS = table_of(RewardGrant)


def rewards_of_program(
    connection: Connection, merchant_id: str, program_id: str, state: str | None, now_ms: int
) -> list[RewardRecord]:
    """The program's rewards, in one state or in all, oldest first; none of somebody else's."""
    statement = _rewards().where(_REWARDS.c.program_id == program_id)
    if state is not None:
        statement = statement.where(_REWARDS.c.state == state)
    rows = connection.execute(statement, {"merchant": merchant_id, "now_ms": now_ms}).mappings()
    return [RewardRecord(**row) for row in rows]


def reward_of(
    connection: Connection, merchant_id: str, reward_id: str, now_ms: int
) -> RewardRecord | None:
    """The merchant's reward."""
    statement = _rewards().where(_REWARDS.c.id == reward_id)
    bound = {"merchant": merchant_id, "now_ms": now_ms}
    row = connection.execute(statement, bound).mappings().first()
    return RewardRecord(**row) if row else None


def charities_of_program(connection: Connection, merchant_id: str, program_id: str) -> list[Row]:
    """The program's charities, oldest first."""
    statement = _charities().where(_CHARITIES.c.program_id == program_id)
    rows = connection.execute(statement, {"merchant": merchant_id}).mappings()
    return [dict(row) for row in rows]


def charity_of(connection: Connection, merchant_id: str, charity_id: str) -> Row | None:
    """The merchant's charity."""
    statement = _charities().where(_CHARITIES.c.id == charity_id)
    return _first(connection.execute(statement, {"merchant": merchant_id}).mappings().first())


def claim_of(connection: Connection, merchant_id: str, claim_id: str) -> Row | None:
    """The merchant's claim, with the `points` and `operation_id` of its redemption."""
    statement = _claims().where(_CLAIMS.c.id == claim_id)
    return _first(connection.execute(statement, {"merchant": merchant_id}).mappings().first())


def claims_of_member(
    connection: Connection, merchant_id: str, member_id: str, limit: int, before_id: str | None
) -> list[Row]:
    """Up to `limit` of the member's claims, newest first, older than the one given."""
    statement = _claims().where(_CLAIMS.c.member_id.in_(_selves(member_id)))
    if before_id is not None:
        statement = statement.where(_CLAIMS.c.id < before_id)
    newest_first = statement.order_by(_CLAIMS.c.id.desc()).limit(limit)
    rows = connection.execute(newest_first, {"merchant": merchant_id}).mappings()
    return [dict(row) for row in rows]


def claim_times(
    connection: Connection, member_id: str, reward_id: str | None, now_ms: int
) -> dict[str, dict[str, int]]:
    """When the member made the claims that count against limits: reward → claim → ms.

    Those of whoever was merged into them count too; what rules granted does not.
    """
    counts = or_(
        _CLAIMS.c.state.in_([state.value for state in LIVE]),
        and_(_CLAIMS.c.state == ClaimState.HELD.value, _CLAIMS.c.expires_at_ms > now_ms),
    )
    statement = select(_CLAIMS.c.reward_id, _CLAIMS.c.id, _CLAIMS.c.created_at_ms).where(
        _CLAIMS.c.member_id.in_(_selves(member_id)), _CLAIMS.c.grant_id.is_(None), counts
    )
    if reward_id is not None:
        statement = statement.where(_CLAIMS.c.reward_id == reward_id)
    found: dict[str, dict[str, int]] = {}
    for reward, claim, created_at_ms in connection.execute(statement):
        found.setdefault(reward, {})[claim] = created_at_ms
    return found


def grant_of(connection: Connection, merchant_id: str, grant_id: str) -> Row | None:
    """A grant of a program that the merchant's tills work for."""
    statement = _grants().where(_GRANTS.c.id == grant_id)
    return _first(connection.execute(statement, {"merchant": merchant_id}).mappings().first())


def grants_of_member(
    connection: Connection, merchant_id: str, member_id: str, limit: int, before_id: str | None
) -> list[Row]:
    """Up to `limit` of what rules granted the member, newest first, older than the one given."""
    statement = _grants().where(_GRANTS.c.member_id == member_id)
    if before_id is not None:
        statement = statement.where(_GRANTS.c.id < before_id)
    newest_first = statement.order_by(_GRANTS.c.id.desc()).limit(limit)
    rows = connection.execute(newest_first, {"merchant": merchant_id}).mappings()
    return [dict(row) for row in rows]


def reward_named(connection: Connection, program_id: str, name: str) -> str | None:
    """The id of the reward that a rule names by its key or its id; archived ones only by id."""
    named = or_(
        and_(_REWARDS.c.key == name, _REWARDS.c.state != RewardState.ARCHIVED.value),
        _REWARDS.c.id == name,
    )
    statement = select(_REWARDS.c.id).where(_REWARDS.c.program_id == program_id, named)
    return connection.execute(statement).scalar()


def _selves(member_id: str) -> Select[tuple[str]]:
    """The member, and those who became them."""
    same = or_(_MEMBERS.c.id == member_id, _MEMBERS.c.merged_into == member_id)
    return select(_MEMBERS.c.id).where(same)


def _first(row: RowMapping | None) -> Row | None:
    return dict(row) if row else None


def _rewards() -> Select[Any]:
    return (
        select(*_REWARDS.columns, held_claims().label("held_count"))
        .join(_PROGRAMS, _PROGRAMS.c.id == _REWARDS.c.program_id)
        .where(VISIBLE)
        .order_by(_REWARDS.c.id)
    )


def _grants() -> Select[Any]:
    return (
        select(*_GRANTS.columns)
        .join(_PROGRAMS, _PROGRAMS.c.id == _GRANTS.c.program_id)
        .where(VISIBLE)
    )


def _charities() -> Select[Any]:
    return (
        select(_CHARITIES)
        .join(_PROGRAMS, _PROGRAMS.c.id == _CHARITIES.c.program_id)
        .where(VISIBLE)
        .order_by(_CHARITIES.c.id)
    )


def _claims() -> Select[Any]:
    # What rules granted was paid at nobody's till.
    own_till = or_(
        _REDEMPTIONS.c.merchant_id == bindparam("merchant"), _CLAIMS.c.redemption_id.is_(None)
    )
    return (
        select(
            *_CLAIMS.columns,
            func.coalesce(_REDEMPTIONS.c.points, 0).label("points"),
            _REDEMPTIONS.c.operation_id,
        )
        .outerjoin(_REDEMPTIONS, _REDEMPTIONS.c.id == _CLAIMS.c.redemption_id)
        .join(_PROGRAMS, _PROGRAMS.c.id == _CLAIMS.c.program_id)
        .where(or_(OWNED, and_(VISIBLE, own_till)))
    )
