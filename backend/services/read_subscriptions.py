"""Read a member's subscriptions to paid clubs, those that are over included, and the payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from backend.core.engine.moment import Moment
from backend.ledger.programs import program_of
from backend.ledger.subscriptions import subscriptions_of, terms_of
from backend.services.find_member import member_record
from backend.services.house import House

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SubscriptionRead:
    """A subscription as stored and its payments, as of a day."""

    row: Row
    terms: tuple[Row, ...]
    today: date


async def read_subscriptions(
    house: House, merchant_id: str, member_id: str
) -> list[SubscriptionRead]:
    """The oldest first; raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    now_ms = house.now_ms()

    def read(connection: Connection) -> list[SubscriptionRead]:
        program = program_of(connection, merchant_id, record.program_id)
        today = Moment.at(now_ms, program.timezone if program else "UTC").day
        terms = terms_of(connection, record.id)
        return [
            SubscriptionRead(
                row, tuple(one for one in terms if one["subscription_id"] == row["id"]), today
            )
            for row in subscriptions_of(connection, record.id).values()
        ]

    return await house.ledger.run(read)
