"""Find out which member a request means, before a command about that member is made."""

from __future__ import annotations

from sqlalchemy import Connection

from backend.ledger.unit_of_work import UnitOfWork
from backend.services.house import House
from backend.services.lookup import MemberById, MemberRef, till_program


async def resolve_member(house: House, merchant_id: str, ref: MemberRef) -> str:
    """The member's id; raises UnknownProgram or UnknownMember. One named by id is not looked up:
    the command that follows does that."""
    if isinstance(ref, MemberById):
        return ref.member_id
    now_ms = house.now_ms()

    def read(connection: Connection) -> str:
        work = UnitOfWork(connection, house.vault, now_ms, house.new_id)
        work.load(ref.wants(), lock=False)
        till_program(work, merchant_id, ref.program_id)
        return ref.resolve(work).id

    return await house.ledger.run(read)
