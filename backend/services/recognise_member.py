"""Recognise a member at the till by whatever was typed or scanned."""

from __future__ import annotations

from sqlalchemy import Connection

from backend.core.errors import UnknownMember
from backend.core.guesses import guesses
from backend.core.ids import is_id
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import MemberByDigest, MemberById, MemberRef, till_program
from backend.services.qr_codes import ref_of_qr

QR_START = "MEREAU:"


def _refs(house: House, program_id: str, text: str, timezone: str) -> list[MemberRef]:
    text = text.strip()
    if text.upper().startswith(QR_START):
        return [ref_of_qr(house.vault, program_id, text)]
    if is_id("mem", text):
        return [MemberById(program_id, text)]
    return [
        MemberByDigest.of(house.vault, program_id, one)
        for one in guesses(text, timezone)
    ]  # fmt: skip


async def recognise_member(
    house: House, merchant_id: str, program_id: str, text: str, timezone: str
) -> str:
    """The id of the member, who may earn and spend. Raises UnknownMember, QrInvalid, QrExpired,
    CardBlocked, MemberDeactivated, MemberClosed or MemberMerged."""
    refs = _refs(house, program_id, text, timezone)

    def read(connection: Connection) -> str:
        work = _loaded(house, connection, refs)
        till_program(work, merchant_id, program_id)
        for ref in refs:
            try:
                return ref.resolve(work).id
            except UnknownMember:
                continue
        raise UnknownMember("The program has no such member.")

    return await house.ledger.run(read)


async def search_member(
    house: House, merchant_id: str, program_id: str, text: str, timezone: str
) -> str:
    """The id of the member in whatever state; raises UnknownMember or QrInvalid."""
    refs = _refs(house, program_id, text, timezone)

    def read(connection: Connection) -> str:
        work = _loaded(house, connection, refs)
        till_program(work, merchant_id, program_id)
        for ref in refs:
            found = _anybody(work, ref)
            if found is not None:
                return found
        raise UnknownMember("The program has no such member.")

    return await house.ledger.run(read)


def _loaded(house: House, connection: Connection, refs: list[MemberRef]) -> UnitOfWork:
    work = UnitOfWork(connection, house.vault, house.now_ms(), house.new_id)
    work.load(Wants.united([ref.wants() for ref in refs]), lock=False)
    return work


def _anybody(work: UnitOfWork, ref: MemberRef) -> str | None:
    if isinstance(ref, MemberById):
        member = work.state.members.get(ref.member_id)
        return member.id if member and member.program_id == ref.program_id else None
    return work.state.identifiers.get((ref.program_id, ref.kind, ref.digest))
