"""Read who can spend a member's points: their own key, and whether it alone can."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from backend.core.calls import CallKind
from backend.core.lifecycle import SettlementState
from backend.ledger import calls, member_keys, mirror, mirror_words
from backend.ledger.calls import CallRecord
from backend.ledger.cards import HeldCard
from backend.ledger.member_keys import KeyAt, StoredPasskey
from backend.ledger.programs import program_of
from backend.ledger.signing_asked import SigningAsked, signing_asked
from backend.services.house import House

_KINDS = (str(CallKind.REBIND), str(CallKind.SET_SIGNED_ONLY))
_ON_THE_WAY = (SettlementState.ACCEPTED, SettlementState.SEALED, SettlementState.BROADCAST)


@dataclass(frozen=True, slots=True)
class ControlRead:
    """`key` is what the member took on their card to the address that they have now.

    `last` is the newest change of address or of `signed_only` with its arguments, however far it
    got; a key that is on its way there is `coming`. `signed_only` holds as of the mirror.
    """

    member_id: str
    address: str
    contract_address: str | None
    key: KeyAt | None
    coming: KeyAt | None
    signed_only: bool
    signed_only_program: bool
    last: CallRecord | None
    arguments: dict[str, Any]

    @property
    def under_way(self) -> bool:
        return self.last is not None and self.last.state in _ON_THE_WAY

    @property
    def failed(self) -> bool:
        return self.last is not None and self.last.state is SettlementState.PARKED

    @property
    def signing(self) -> KeyAt | None:
        """The key to sign with. Who took one elsewhere signs with a wallet, as far as we know."""
        if self.key is None and self.signed_only:
            return KeyAt("wallet", None, None)
        return self.key

    @property
    def in_control(self) -> bool:
        return self.signed_only and self.key is not None and not self.signed_only_program


async def read_control(house: House, card: HeldCard) -> ControlRead:
    """How the member's points stand."""

    def read(connection: Connection) -> tuple[ControlRead, SigningAsked | None]:
        found = calls.records_of_member(connection, card.member_id, _KINDS)
        last, arguments = found[-1] if found else (None, {})
        target = str(arguments.get("to", ""))
        coming = None
        if last is not None and last.state in _ON_THE_WAY and target:
            coming = member_keys.key_at(connection, card.member_id, target)
        program = program_of(connection, card.merchant_id, card.program_id)
        known = ControlRead(
            member_id=card.member_id,
            address=card.address,
            contract_address=card.contract_address,
            key=member_keys.key_at(connection, card.member_id, card.address),
            coming=coming,
            signed_only=False,
            signed_only_program=program is not None and program.signed_only,
            last=last,
            arguments=arguments,
        )
        return known, signing_asked(connection, card.member_id)

    known, asked = await house.ledger.run(read)
    return await _with_mirror(house, known, asked)


async def passkeys_of_person(house: House, member_ids: list[str]) -> list[StoredPasskey]:
    """What signs the person in, oldest first."""
    return await house.ledger.run(
        lambda connection: member_keys.passkeys_of(connection, member_ids)
    )


async def _with_mirror(house: House, known: ControlRead, asked: SigningAsked | None) -> ControlRead:
    """What the chain says as of the mirror; what it has not got to yet, as it was asked."""
    contract = known.contract_address
    if contract is None:
        return known

    def look(connection: Connection) -> bool:
        # In this order, so that the block is never newer than the answer.
        block = mirror.cursor(connection).block_number
        if asked is not None and asked.on_chain_at is not None and asked.on_chain_at > block:
            return asked.signed_only
        return mirror_words.takes_signatures_only(connection, contract, known.address)

    signed_only = await house.mirror.run(look)
    return replace(known, signed_only=signed_only)
