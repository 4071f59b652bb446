"""Read what a person is asked to confirm, and what their signature would be over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from backend.core.confirmations import require_waiting
from backend.core.control_errors import UnknownConfirmation
from backend.core.ids import is_id
from backend.ledger import confirmations
from backend.ledger.confirmations import ConfirmationRecord
from backend.services.house import House
from backend.services.read_consent import ConsentAsked, consent_to_confirm

SHOWN: Final = 20


async def read_confirmations(house: House, member_ids: Sequence[str]) -> list[ConfirmationRecord]:
    """A person's newest, those that wait first."""
    now_ms = house.now_ms()
    return await house.ledger.run(
        lambda connection: confirmations.confirmations_of(connection, member_ids, SHOWN, now_ms)
    )


async def waiting_confirmations(
    house: House, member_ids: Sequence[str]
) -> list[ConfirmationRecord]:
    """Those that the person can still answer."""
    return [each for each in await read_confirmations(house, member_ids) if each.waits]


async def read_confirmation(
    house: House, member_ids: Sequence[str], confirmation_id: str
) -> ConfirmationRecord:
    """Raises UnknownConfirmation, also when it is somebody else's."""
    found, now_ms = None, house.now_ms()
    if is_id("cfm", confirmation_id):
        found = await house.ledger.run(
            lambda connection: confirmations.confirmation_of(
                connection, member_ids, confirmation_id, now_ms
            )
        )
    if found is None:
        raise UnknownConfirmation("There is no such confirmation.")
    return found


async def consent_of(house: House, record: ConfirmationRecord) -> ConsentAsked:
    """What the member signs to confirm it; raises ConfirmationOver and what `read_consent` does."""
    require_waiting(record.state)
    ref = bytes.fromhex(record.redemption_ref[2:])
    return await consent_to_confirm(house, record.owner_id, record.member_id, record.points, ref)
