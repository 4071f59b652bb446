"""Find members: by id, or by what they are known by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backend.core.errors import UnknownMember
from backend.core.identifiers import Identifier
from backend.core.ids import is_id
from backend.ledger import members
from backend.ledger.members import MemberRecord
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class FoundMember:
    """`identity` has, by kind, the identifiers the member is known by, the newest first; nothing
    for a merchant who takes part in the program and did not enrol them."""

    record: MemberRecord
    identity: Mapping[str, Any]


async def member_record(house: House, merchant_id: str, member_id: str) -> MemberRecord:
    """The member without opening the vault; raises UnknownMember."""
    found = None
    if is_id("mem", member_id):
        now_ms = house.now_ms()
        found = await house.ledger.run(
            lambda connection: members.member_of(connection, merchant_id, member_id, now_ms)
        )
    if found is None:
        raise UnknownMember("There is no such member.")
    return found


async def read_member(house: House, merchant_id: str, member_id: str) -> FoundMember:
    """The member and what it is known by; raises UnknownMember."""
    return opened(house, merchant_id, await member_record(house, merchant_id, member_id))


async def find_members(
    house: House, merchant_id: str, program_id: str | None, identifier: Identifier
) -> list[FoundMember]:
    """The merchant's members known by the identifier, in one program or in all of them, those that
    it is a partner of included."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> list[MemberRecord]:
        owned = members.program_ids(connection, merchant_id)
        searched = [p for p in owned if program_id in (None, p)]
        digests = [house.vault.digest(p, identifier) for p in searched]
        return members.members_by_digest(
            connection, merchant_id, identifier.kind.value, digests, now_ms
        )

    return [opened(house, merchant_id, each) for each in await house.ledger.run(read)]


def opened(house: House, merchant_id: str, record: MemberRecord) -> FoundMember:
    """What the vault has of a member, for those who know them."""
    known_to = (record.merchant_id, record.enrolled_by)
    if merchant_id not in known_to or record.wrapped_key is None or record.sealed_identity is None:
        return FoundMember(record, {})
    identity = house.vault.open(record.id, record.wrapped_key, record.sealed_identity)
    return FoundMember(record, identity)
