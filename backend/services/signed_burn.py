"""A redemption with its member's signature, or with the knowledge that it needs none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from backend.core.calls import CallKind
from backend.core.errors import ConsentInFlight, MereauError, SignatureRequired
from backend.ledger import members, mirror, mirror_words
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.members import MemberRecord
from backend.ledger.staged_calls import stage_call
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.consent import Consent, redemption_refusal
from backend.services.house import House
from backend.services.lookup import MemberById, MemberRef


@dataclass(frozen=True, slots=True)
class SignedBurn:
    """What was found out about consent before the debit is decided.

    The mirror said whether the member takes signatures only; of blocks after `final_block` it may
    have another fork than the settler. `refusal` is raised when it is decided, and not before: a
    repeated request gets the answer it got the first time, though its signature is used up by then.
    """

    member_id: str | None = None
    member_signed_only: bool = False
    final_block: int = mirror.NOTHING
    arguments: Mapping[str, Any] = field(default_factory=dict)
    refusal: MereauError | None = None

    def wants(self) -> Wants:
        return Wants(calls_of={self.member_id} if self.member_id else set())

    def takes_signatures_only(
        self, work: UnitOfWork, program: ProgramState, member: MemberState
    ) -> bool:
        """Whether the chain will burn nothing without a signature by the time it is asked."""
        if program.signed_only or self.member_signed_only:
            return True
        asked = work.state.signing_asked.get(member.id)
        if asked is None or not asked.signed_only:
            return False
        return asked.on_chain_at is None or asked.on_chain_at > self.final_block

    def lacks_signature(self, work: UnitOfWork, program: ProgramState, member: MemberState) -> bool:
        """Whether a signature is needed that is not here."""
        return not self.arguments and self.takes_signatures_only(work, program, member)

    def require(self, work: UnitOfWork, program: ProgramState, member: MemberState) -> None:
        """Raises SignatureRequired without one that is needed, ConsentInFlight while an earlier
        one is on its way (both would use the same nonce), or what is wrong with it."""
        if self.lacks_signature(work, program, member):
            raise SignatureRequired(
                "This member's points are redeemed with the member's own signature only."
            )
        if not self.arguments:
            return
        if member.id in work.state.open_calls:
            raise ConsentInFlight(
                "Something else that concerns this member is on its way to the chain; sign anew "
                "when it is there.",
                call_id=work.state.open_calls[member.id],
            )
        if self.refusal is not None:
            raise self.refusal

    def details(self) -> dict[str, Any]:
        """What the receipt says of it."""
        if not self.arguments:
            return {}
        return {"redemption_ref": self.arguments["redemption_ref"]}

    def stage(self, work: UnitOfWork, member: MemberState) -> None:
        """Queues the call that carries the operation staged last."""
        if self.arguments:
            entry_no = work.state.programs[member.program_id].entry_count
            stage_call(work, CallKind.REDEEM, self.arguments, member, entry_no=entry_no)


UNSIGNED: Final = SignedBurn()


async def look_at_consent(
    house: House, merchant_id: str, ref: MemberRef, points: int, consent: Consent | None
) -> SignedBurn:
    """What the chain says of the signature, and the mirror of the member's will to sign.

    A member who is not found is left to the decision, which says so.
    """
    record = await house.ledger.run(
        lambda connection: _member(connection, merchant_id, ref, house.now_ms())
    )
    if record is None:
        return UNSIGNED
    if consent is None:
        return await _unsigned(house, record)
    try:
        arguments = consent.redemption(record.address, points)
    except MereauError as malformed:
        return SignedBurn(record.id, arguments={"member": record.address}, refusal=malformed)
    refusal = await redemption_refusal(house, record.contract_address, arguments)
    return SignedBurn(record.id, arguments=arguments, refusal=refusal)


async def look_at_member(house: House, merchant_id: str, member_id: str | None) -> SignedBurn:
    """The same for a debit without a signature of a member known by id, None for nobody."""
    if member_id is None:
        return UNSIGNED
    record = await house.ledger.run(
        lambda connection: members.member_of(connection, merchant_id, member_id, house.now_ms())
    )
    return UNSIGNED if record is None else await _unsigned(house, record)


async def _unsigned(house: House, record: MemberRecord) -> SignedBurn:
    """The till does not wait for the chain here: the mirror answers, as of its block."""
    contract = record.contract_address
    if contract is None:
        return SignedBurn(record.id)

    def read(connection: Connection) -> SignedBurn:
        # In this order, so that what is final is never newer than the answer.
        block = mirror.cursor(connection).finalized_number
        signed_only = mirror_words.takes_signatures_only(connection, contract, record.address)
        return SignedBurn(record.id, signed_only, block)

    return await house.mirror.run(read)


def _member(
    connection: Connection, merchant_id: str, ref: MemberRef, now_ms: int
) -> MemberRecord | None:
    if isinstance(ref, MemberById):
        found = members.member_of(connection, merchant_id, ref.member_id, now_ms)
        return found if found and found.program_id == ref.program_id else None
    for record in members.members_by_digest(
        connection, merchant_id, ref.kind, [ref.digest], now_ms
    ):
        if record.program_id == ref.program_id:
            return record
    return None
