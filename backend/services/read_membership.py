"""Read a person's memberships in a merchant's programs, and the steps of a member's life."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.identifiers import IdentifierKind
from backend.ledger import lives, members
from backend.ledger.lives import LifeStep
from backend.ledger.members import MemberRecord
from backend.services.find_member import member_record, read_member
from backend.services.house import House
from backend.services.identity import identifiers_in
from backend.services.read_balance import available_now
from backend.services.read_program import list_programs


@dataclass(frozen=True, slots=True)
class Membership:
    """One person's place in one program."""

    member_id: str
    program_id: str
    program_name: str
    state: str
    available_points: int


async def read_memberships(house: House, merchant_id: str, member_id: str) -> list[Membership]:
    """Everybody in the merchant's programs who is known by an identifier of this member, this one
    included: cards and customer numbers among them, as far as programs share them.

    Raises UnknownMember.
    """
    found = await read_member(house, merchant_id, member_id)
    programs = {program.id: program for program in await list_programs(house, merchant_id)}
    identifiers = identifiers_in(dict(found.identity))
    now_ms = house.now_ms()

    def read(connection: Connection) -> dict[str, MemberRecord]:
        people = {found.record.id: found.record}
        for kind in IdentifierKind:
            digests = [
                house.vault.digest(program_id, identifier)
                for program_id in programs
                for identifier in identifiers
                if identifier.kind is kind
            ]
            for record in members.members_by_digest(
                connection, merchant_id, kind.value, digests, now_ms
            ):
                people[record.id] = record
        return people

    people = await house.ledger.run(read)
    return [
        Membership(
            member_id=record.id,
            program_id=record.program_id,
            program_name=programs[record.program_id].name,
            state=record.state,
            available_points=await available_now(house, record),
        )
        for record in sorted(people.values(), key=lambda each: (each.program_id, each.id))
    ]


async def read_changes(house: House, merchant_id: str, member_id: str) -> list[LifeStep]:
    """The steps of a member's life, the newest first. Raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    return await house.ledger.run(
        lambda connection: lives.steps_of(connection, record.id, merchant_id)
    )
