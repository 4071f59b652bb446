"""List a program's members: the newest, or those with the most points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from backend.core.ids import is_id
from backend.ledger import member_lists
from backend.ledger.members import MemberRecord, members_by_id
from backend.services.find_member import opened
from backend.services.house import House
from backend.services.read_balance import as_of

Order = Literal["newest", "points"]


@dataclass(frozen=True, slots=True)
class ListedMember:
    """A line of the list; `identity` as `FoundMember` has it, to be shown masked."""

    record: MemberRecord
    identity: Mapping[str, Any]
    available_points: int
    tier_id: str | None


@dataclass(frozen=True, slots=True)
class MembersPage:
    """`after` leads to the page that follows, None on the last."""

    members: list[ListedMember]
    after: str | None


async def list_members(
    house: House, merchant_id: str, program_id: str, order: Order, limit: int, after: str
) -> MembersPage:
    """A page of a program that the merchant may see; a cursor that is none is the beginning."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> MembersPage:
        ids, following = _ids(connection, program_id, order, limit, after)
        found = {
            record.id: record
            for record in members_by_id(connection, merchant_id, ids, now_ms)
        }  # fmt: skip
        tiers = member_lists.tiers_of(connection, ids)
        listed = []
        for member_id in ids:
            if (record := found.get(member_id)) is None:
                continue
            available = as_of(connection, record, now_ms).free.balance
            identity = opened(house, merchant_id, record).identity
            listed.append(ListedMember(record, identity, available, tiers.get(member_id)))
        return MembersPage(listed, following)

    # Tens of milliseconds in a large program: no till waits for it.
    return await house.ledger.run_aside(read)


def _ids(
    connection: Connection, program_id: str, order: Order, limit: int, after: str
) -> tuple[list[str], str | None]:
    """The members of the page in their order, and the cursor of the next."""
    if order == "newest":
        before_id = after if is_id("mem", after) else None
        found = member_lists.newest_members(connection, program_id, limit + 1, before_id)
        return found[:limit], found[limit - 1] if len(found) > limit else None
    points, _, member_id = after.partition("-")
    known = points.isdecimal() and len(points) < 16 and is_id("mem", member_id)
    rows = member_lists.richest_members(
        connection, program_id, limit + 1, (int(points), member_id) if known else None
    )
    following = None
    if len(rows) > limit:
        last_id, last_points = rows[limit - 1]
        following = f"{last_points}-{last_id}"
    return [row[0] for row in rows[:limit]], following
