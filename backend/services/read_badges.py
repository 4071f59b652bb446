"""Read a member's badges, and how far each is on its way to the chain or off it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.ledger.badges import BadgeRecord, badges_of
from backend.services.find_member import member_record
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class BadgesRead:
    program_id: str
    member_id: str
    badges: list[BadgeRecord]


async def read_badges(house: House, merchant_id: str, member_id: str) -> BadgesRead:
    """All badges that the member has or had, the oldest first; raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    found = await house.ledger.run(lambda connection: badges_of(connection, record.id))
    return BadgesRead(record.program_id, record.id, found)
