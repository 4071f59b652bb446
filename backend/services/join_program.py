"""Join a program on one's own: a card at once, known by an address that was proved."""

from __future__ import annotations

from collections.abc import Mapping

from backend.core.errors import MemberAlreadyEnrolled
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.privacy import ChoicePurpose
from backend.ledger.cards import JoinableProgram
from backend.services.choose_privacy import ChoosePrivacy
from backend.services.enrol_member import EnrolMember, MemberEnrolled
from backend.services.house import House
from backend.services.qr_codes import new_cards
from backend.services.read_cards import cards_known_by

FROM_JOINING = "joining"


async def join_program(
    house: House,
    program: JoinableProgram,
    identifier: Identifier,
    name: str,
    choices: Mapping[ChoicePurpose, bool],
) -> bool:
    """Whether it made a member; whoever is in the program already stays as they are."""
    known = await cards_known_by(house, identifier)
    if any(card.program_id == program.id for card in known):
        return False
    [card] = await new_cards(house, program.merchant_id, program.id, 1)
    identifiers = [identifier, Identifier(IdentifierKind.CARD, card.number)]
    enrol = EnrolMember.build(
        house.vault,
        program.merchant_id,
        None,
        program.id,
        identifiers,
        house.new_address(),
        _id_of,
        name,
    )
    try:
        answer = await house.committer.submit(enrol)
    except MemberAlreadyEnrolled:
        # At the till, a moment ago.
        return False
    await house.committer.submit(
        ChoosePrivacy(program.merchant_id, program.id, answer.body.decode(), choices, FROM_JOINING)
    )
    return True


def _id_of(enrolled: MemberEnrolled) -> bytes:
    return enrolled.member.id.encode()
