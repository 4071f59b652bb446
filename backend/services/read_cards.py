"""Read a person's cards: their members, in whichever programs of the house they are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from backend.core.errors import UnknownProgram
from backend.core.identifiers import Identifier
from backend.core.ids import is_id
from backend.ledger import cards
from backend.ledger.cards import HeldCard, JoinableProgram
from backend.services.house import House


async def read_cards(house: House, member_ids: Sequence[str]) -> list[HeldCard]:
    """The cards of one person's members, oldest first; none of those who were erased."""
    return await house.ledger.run(lambda connection: cards.cards_of(connection, member_ids))


async def program_to_join(house: House, program_id: str) -> JoinableProgram:
    """Raises UnknownProgram."""
    found = None
    if is_id("prg", program_id):
        found = await house.ledger.run(
            lambda connection: cards.joinable_program(connection, program_id)
        )
    if found is None:
        raise UnknownProgram("There is no such program.")
    return found


async def cards_known_by(house: House, identifier: Identifier) -> list[HeldCard]:
    """Every card in the house of whoever has the e-mail address or phone number."""

    def read(connection: Connection) -> list[HeldCard]:
        digests = [
            house.vault.digest(program_id, identifier)
            for program_id in cards.all_program_ids(connection)
        ]
        found = cards.members_known_by(connection, identifier.kind.value, digests)
        return cards.cards_of(connection, found)

    return await house.ledger.run_aside(read)
