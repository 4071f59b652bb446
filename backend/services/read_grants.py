"""Read what rules granted members."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from backend.core.ids import is_id
from backend.core.spending_errors import UnknownGrant
from backend.ledger import rewards
from backend.services.find_member import member_record
from backend.services.house import House

Row = dict[str, Any]


async def list_grants(
    house: House, merchant_id: str, member_id: str, limit: int, after_id: str | None
) -> tuple[list[Row], bool]:
    """A page of what the member was granted, newest first, and whether there is more.

    Raises UnknownMember, and UnknownGrant for a cursor that is none of theirs.
    """
    await member_record(house, merchant_id, member_id)
    if after_id is not None:
        last, _ = await read_grant(house, merchant_id, after_id)
        if last["member_id"] != member_id:
            raise UnknownGrant("The member has no such grant.")
    found = await house.ledger.run(
        lambda connection: rewards.grants_of_member(
            connection, merchant_id, member_id, limit + 1, after_id
        )
    )
    return found[:limit], len(found) > limit


async def read_grant(house: House, merchant_id: str, grant_id: str) -> tuple[Row, str | None]:
    """The grant, and the id of the reward it stands for now; raises UnknownGrant."""

    def read(connection: Connection) -> tuple[Row, str | None] | None:
        row = rewards.grant_of(connection, merchant_id, grant_id)
        if row is None:
            return None
        return row, rewards.reward_named(connection, row["program_id"], row["reward"])

    found = await house.ledger.run(read) if is_id("grt", grant_id) else None
    if found is None:
        raise UnknownGrant("There is no such grant.")
    return found
