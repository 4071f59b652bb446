"""The number on a member's card; whoever has none is given one."""

from __future__ import annotations

from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.membership import MembershipState
from backend.core.qr import QrKind, QrToken
from backend.services.change_identifiers import ChangeIdentifiers, IdentityChanged
from backend.services.find_member import read_member
from backend.services.house import House
from backend.services.identity import Identity
from backend.services.qr_codes import new_cards


async def identity_with_card(house: House, merchant_id: str, member_id: str) -> Identity:
    """What the member is known by, with a card number where they may have one.

    Raises UnknownMember.
    """
    found = await read_member(house, merchant_id, member_id)
    identity = dict(found.identity)
    active = found.record.state == MembershipState.ACTIVE
    if identity.get(IdentifierKind.CARD.value) or not active:
        return identity
    program_id = found.record.program_id
    [card] = await new_cards(house, merchant_id, program_id, 1)
    number = Identifier(IdentifierKind.CARD, card.number)
    place = (program_id, member_id)
    await house.committer.submit(
        ChangeIdentifiers.build(house, merchant_id, None, place, [number], _nothing, replace=False)
    )
    return identity | {IdentifierKind.CARD.value: [card.number]}


def card_qr(house: House, program_id: str, number: str) -> str:
    """What the card's QR code says, for as long as the card lives."""
    return QrToken(QrKind.CARD, program_id, number).encode(house.vault.mac)


def _nothing(_: IdentityChanged) -> bytes:
    return b""
