"""Read a member's history: every movement of points, its reasons, its way to the chain."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.errors import UnknownOperation
from backend.core.ids import is_id
from backend.ledger.operations import OperationRecord, operations_of_member
from backend.services.find_member import member_record
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class HistoryRead:
    records: list[OperationRecord]
    has_more: bool


async def read_history(
    house: House, merchant_id: str, member_id: str, limit: int, starting_after: str | None
) -> HistoryRead:
    """Newest first. Raises UnknownMember, or UnknownOperation for a cursor that is not theirs."""
    member = await member_record(house, merchant_id, member_id)

    def read(connection: Connection) -> HistoryRead:
        if starting_after is not None and not is_id("op", starting_after):
            raise UnknownOperation("starting_after is none of the member's operations.")
        found = operations_of_member(connection, merchant_id, member.id, limit + 1, starting_after)
        if found is None:
            raise UnknownOperation("starting_after is none of the member's operations.")
        return HistoryRead(found[:limit], has_more=len(found) > limit)

    return await house.ledger.run(read)
