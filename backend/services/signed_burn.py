"""A redemption with its member's signature, or with the knowledge that it needs none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from backend.chain.codec import decode_uint
from backend.chain.program_calls import encode_is_signed_only
from backend.chain.quantities import read_bytes
from backend.core.calls import CallKind
from backend.core.errors import ChainSilent, ConsentInFlight, MereauError, SignatureRequired
from backend.ledger import members
from backend.ledger.loading import MemberState
from backend.ledger.members import MemberRecord
from backend.ledger.staged_calls import stage_call
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.consent import Consent, redemption_refusal
from backend.services.house import House
from backend.services.lookup import MemberById, MemberRef


@dataclass(frozen=True, slots=True)
class SignedBurn:
    """What was found out about consent before the redemption is decided.

    `refusal` is raised when it is decided, and not before: a repeated request gets the answer it
    got the first time, though its signature is used up by then.
    """

    member_id: str | None = None
    member_signed_only: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    refusal: MereauError | None = None

    def members(self) -> set[str]:
        return {self.member_id} if self.member_id and self.arguments else set()

    def require(self, work: UnitOfWork, member: MemberState, *, signed_only: bool) -> None:
        """Raises SignatureRequired without one that is needed, ConsentInFlight while an earlier
        one is on its way (both would use the same nonce), or what is wrong with it."""
        if not self.arguments:
            if signed_only or self.member_signed_only:
                raise SignatureRequired(
                    "This member's points are redeemed with the member's own signature only."
                )
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
        return SignedBurn(record.id, await is_signed_only(house, record))
    try:
        arguments = consent.redemption(record.address, points)
    except MereauError as malformed:
        return SignedBurn(record.id, arguments={"member": record.address}, refusal=malformed)
    refusal = await redemption_refusal(house, record.contract_address, arguments)
    return SignedBurn(record.id, arguments=arguments, refusal=refusal)


async def is_signed_only(house: House, record: MemberRecord) -> bool:
    """Whether the member has said on chain that only their signature burns.

    A chain that does not answer says nothing: the settler then finds out and parks the burn.
    """
    contract = record.contract_address
    if contract is None or house.chain is None:
        return False
    question = encode_is_signed_only(read_bytes(record.address, 20))
    try:
        answer = await house.chain.ask(
            lambda chain, _: chain.call(read_bytes(contract, 20), question)
        )
    except ChainSilent:
        return False
    return decode_uint(answer) == 1


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
