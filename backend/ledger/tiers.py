"""Members' tiers as stored: a state in columns, its history, and who is due to be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, or_, select

from backend.core.calendar import timestamp_of
from backend.core.membership import MembershipState
from backend.core.tier_documents import from_document, to_document
from backend.core.tiers import Judged, TierPolicy, TierState
from backend.ledger.calls import open_call_of_member
from backend.ledger.columns import table_of
from backend.ledger.rule_tables import MemberStanding
from backend.ledger.tables import Member
from backend.ledger.tier_tables import TierChanged

_STANDINGS, _CHANGES = table_of(MemberStanding), table_of(TierChanged)
_MEMBERS = table_of(Member)
_OPEN = [MembershipState.ACTIVE.value, MembershipState.DEACTIVATED.value]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A tier change as it was written down; `happened_on` is a day in the program's zone."""

    id: str
    member_id: str
    change_no: int
    tier_before: str | None
    tier_after: str | None
    happened_on: date
    reason: str
    source_id: str | None
    recorded_at_ms: int


def tier_columns(state: TierState, timezone: str) -> Row:
    """The columns of a standing that say what the state says."""
    ended = None if state.until is None else state.until + timedelta(days=1)
    return {
        "tier_id": state.level,
        "tier_since_ms": midnight_ms(state.since, timezone),
        "tier_until_ms": None if ended is None else midnight_ms(ended, timezone),
        "tier_policy": state.policy_hash,
        "tier_document": to_document(state),
    }


def stored_state(tier_document: str | None) -> TierState | None:
    """The state that was stored; None for a member who was never judged."""
    return None if tier_document is None else from_document(tier_document)


def change_rows(
    program_id: str,
    member_id: str,
    judged: Judged,
    source_id: str | None,
    now_ms: int,
    new_id: Callable[[str], str],
) -> list[Row]:
    """The history's rows of what was judged now."""
    first_no = judged.state.change_count - len(judged.changes) + 1
    # Ids of one moment are in no order by themselves.
    ids = sorted(new_id("tch") for _ in judged.changes)
    return [
        {
            "id": change_id,
            "program_id": program_id,
            "member_id": member_id,
            "change_no": first_no + place,
            "tier_before": change.before,
            "tier_after": change.after,
            "happened_on": str(change.on),
            "reason": str(change.reason),
            "source_id": source_id,
            "recorded_at_ms": now_ms,
        }
        for place, (change_id, change) in enumerate(zip(ids, judged.changes, strict=True))
    ]


def badge_of(policy: TierPolicy, level_id: str | None) -> str | None:
    """The badge type that shows a level on chain, if one is to."""
    level = policy.level(level_id)
    return level.badge if level else None


def members_due(
    connection: Connection, program_id: str, policy: TierPolicy, now_ms: int, limit: int
) -> list[str]:
    """Members whose tier lapses by itself, or who were judged by other rules or never."""
    columns = _STANDINGS.c
    other_rules = or_(columns.tier_policy < policy.hash, columns.tier_policy > policy.hash)
    ways = [columns.tier_until_ms <= now_ms, other_rules]
    if policy.levels:
        ways.append(columns.tier_policy.is_(None))
    found: list[str] = []
    for way in ways:
        if len(found) < limit:
            mine = (
                select(columns.member_id)
                .join(_MEMBERS, _MEMBERS.c.id == columns.member_id)
                .where(columns.program_id == program_id, _MEMBERS.c.state.in_(_OPEN), way)
            )
            found += connection.execute(mine.limit(limit - len(found))).scalars()
    return sorted(set(found))


def standings_of(connection: Connection, member_ids: Iterable[str]) -> list[Row]:
    """The rows of these members, in order of their ids."""
    rows = connection.execute(
        select(_STANDINGS)
        .where(_STANDINGS.c.member_id.in_(sorted(member_ids)))
        .order_by(_STANDINGS.c.member_id)
    )
    return [dict(row._mapping) for row in rows]


def badges_due(connection: Connection, limit: int) -> dict[str, list[str]]:
    """Members whose badge on chain is not the one of their tier, by program, nobody first whom
    another call is about."""
    due = select(_STANDINGS.c.program_id, _STANDINGS.c.member_id).where(_STANDINGS.c.badge_due)
    by_program: dict[str, list[str]] = {}
    for program_id, member_id in connection.execute(due.order_by(*due.selected_columns)):
        if open_call_of_member(connection, member_id) is None:
            by_program.setdefault(program_id, []).append(member_id)
            limit -= 1
        if not limit:
            break
    return by_program


def members_by_tier(connection: Connection, program_id: str) -> dict[str | None, int]:
    """How many members hold each tier as stored; None for none."""
    counted = (
        select(_STANDINGS.c.tier_id, func.count())
        .join(_MEMBERS, _MEMBERS.c.id == _STANDINGS.c.member_id)
        .where(_STANDINGS.c.program_id == program_id, _MEMBERS.c.state.in_(_OPEN))
        .group_by(_STANDINGS.c.tier_id)
    )
    rows = connection.execute(counted)
    return {row[0]: row[1] for row in rows}


def changes_of_member(
    connection: Connection, member_id: str, after: str | None, limit: int
) -> list[ChangeRecord]:
    """A member's history in order, from after the change of this id on."""
    mine = select(_CHANGES).where(_CHANGES.c.member_id == member_id)
    if after is not None:
        named = _CHANGES.alias()
        number = select(named.c.change_no).where(
            named.c.id == after, named.c.member_id == member_id
        )
        mine = mine.where(_CHANGES.c.change_no > number.scalar_subquery())
    return _records(connection, mine.order_by(_CHANGES.c.change_no).limit(limit))


def changes_of_program(
    connection: Connection, program_id: str, after: str | None, limit: int
) -> list[ChangeRecord]:
    """All members' changes in the order of their ids, from after this one on."""
    mine = select(_CHANGES).where(_CHANGES.c.program_id == program_id)
    if after is not None:
        mine = mine.where(_CHANGES.c.id > after)
    return _records(connection, mine.order_by(_CHANGES.c.id).limit(limit))


def _records(connection: Connection, statement: Select[Any]) -> list[ChangeRecord]:
    return [
        ChangeRecord(
            row.id, row.member_id, row.change_no, row.tier_before, row.tier_after,
            date.fromisoformat(row.happened_on), row.reason, row.source_id, row.recorded_at_ms,
        )
        for row in connection.execute(statement)
    ]  # fmt: skip


def midnight_ms(day: date, timezone: str) -> int:
    """When the day begins in the zone, in UTC milliseconds."""
    return timestamp_of(datetime.combine(day, time(), tzinfo=ZoneInfo(timezone))) * 1000
