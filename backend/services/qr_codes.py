"""QR codes: of a member, for a few minutes, and of a card, for as long as the card lives."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.cards import CardCheck, new_number
from backend.core.errors import InvalidInput
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.life_errors import QrInvalid
from backend.core.membership import require_active
from backend.core.qr import QrKind, QrToken, read_qr
from backend.ledger.lives import known_digests
from backend.ledger.vault import Vault
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.lookup import MemberByDigest, MemberById, MemberRef
from backend.services.read_program import read_program

QR_SECONDS_MAX = 3600
CARDS_MAX = 1000


@dataclass(frozen=True, slots=True)
class QrCode:
    text: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class NewCard:
    """A number nobody has, and what to print beside it."""

    number: str
    qr: str


def ref_of_qr(vault: Vault, program_id: str, text: str) -> MemberRef:
    """The member a scanned code names; raises QrInvalid. Whether it is too old, or the card
    blocked, is said when the member is looked up."""
    token = read_qr(text, program_id, vault.mac)
    if token.kind is QrKind.MEMBER:
        return MemberById(program_id, token.subject, token.expires_at_s * 1000)
    return MemberByDigest.of(vault, program_id, Identifier(IdentifierKind.CARD, token.subject))


def card_of_qr(vault: Vault, program_id: str, text: str) -> Identifier:
    """The card a scanned code names; raises QrInvalid, also for a member's code."""
    token = read_qr(text, program_id, vault.mac)
    if token.kind is not QrKind.CARD:
        raise QrInvalid("This is the QR code of a member, not of a new card.")
    return Identifier(IdentifierKind.CARD, token.subject)


async def member_qr(house: House, merchant_id: str, member_id: str, seconds: int) -> QrCode:
    """A code that names the member for so many seconds; raises UnknownMember, or why the member
    cannot earn or spend."""
    record = await member_record(house, merchant_id, member_id)
    require_active(record.state, record.merged_into)
    expires_at_s = house.now_ms() // 1000 + seconds
    token = QrToken(QrKind.MEMBER, record.program_id, record.id, expires_at_s)
    return QrCode(token.encode(house.vault.mac), expires_at_s * 1000)


async def new_cards(house: House, merchant_id: str, program_id: str, count: int) -> list[NewCard]:
    """Numbers for cards to be printed, each with its check digit and QR code, none of them known
    to the program. Nothing is stored: a card becomes somebody's when it is enrolled.

    Raises UnknownProgram, or InvalidInput for more than CARDS_MAX.
    """
    if not 1 <= count <= CARDS_MAX:
        raise InvalidInput(f"1 to {CARDS_MAX} cards are made at a time.")
    program = await read_program(house, merchant_id, program_id)
    check = CardCheck(program.card_check)
    drawn = {new_number(check, house.entropy) for _ in range(count + count // 10 + 1)}
    digests = {
        house.vault.digest(program.id, Identifier(IdentifierKind.CARD, number)): number
        for number in sorted(drawn)
    }

    def taken(connection: Connection) -> set[str]:
        return known_digests(connection, program.id, IdentifierKind.CARD.value, list(digests))

    known = await house.ledger.run(taken)
    numbers = [number for digest, number in digests.items() if digest not in known][:count]
    return [
        NewCard(number, QrToken(QrKind.CARD, program.id, number).encode(house.vault.mac))
        for number in numbers
    ]
