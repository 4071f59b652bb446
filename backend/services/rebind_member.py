"""Give a member another address: a lost card, a first key. Every lot moves with its age."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.calls import CallKind
from backend.core.errors import (
    AddressInUse,
    ConsentInFlight,
    MereauError,
    SignatureRequired,
    UnknownMember,
)
from backend.core.membership import require_open
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.members import MemberRecord
from backend.ledger.staged_calls import stage_call
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.consent import Consent, rebind_refusal, signed_only_refusal
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.lookup import owned


@dataclass(frozen=True, slots=True)
class CallAccepted:
    """A call that is on its way; its settlement status is read with `read_call`."""

    call_id: str
    kind: CallKind
    program_id: str
    member_id: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AskForMember:
    """Queues a call about a member that moves no points in the ledger.

    Raises UnknownMember, ConsentInFlight, AddressInUse, or what the chain says against it.
    """

    claim: Claim
    kind: CallKind
    program_id: str
    member_id: str
    arguments: Mapping[str, Any]
    refusal: MereauError | None
    render: Callable[[CallAccepted], bytes]

    def wants(self) -> Wants:
        wants = Wants(
            programs={self.program_id}, members={self.member_id}, calls_of={self.member_id}
        )
        if self.kind is CallKind.REBIND:
            wants.addresses = {(self.program_id, self.arguments["to"])}
        return wants

    def decide(self, work: UnitOfWork) -> Answer:
        call_id = self.ask(work)
        done = CallAccepted(call_id, self.kind, self.program_id, self.member_id, self.arguments)
        return Answer(202, self.render(done))

    def ask(self, work: UnitOfWork) -> str:
        """Queues the call and returns its id, or refuses it before anything is staged."""
        return stage_call(work, self.kind, self.arguments, self.require(work))

    def require(self, work: UnitOfWork) -> MemberState:
        """The member, where nothing speaks against the call."""
        member = work.state.members.get(self.member_id)
        if member is None or not owned(work, self.claim.merchant_id, self.program_id):
            raise UnknownMember("There is no such member.")
        require_open(member.state, member.merged_into)
        if member.id in work.state.open_calls:
            raise ConsentInFlight(
                "Something else that concerns this member is on its way to the chain.",
                call_id=work.state.open_calls[member.id],
            )
        if self.kind is CallKind.REBIND and (
            (self.program_id, self.arguments["to"]) in work.state.taken_addresses
        ):
            raise AddressInUse("The address was used in this program before.")
        if self.refusal is not None:
            raise self.refusal
        return member


async def rebind_member(
    house: House,
    claim: Claim,
    member_id: str,
    to_address: str | None,
    consent: Consent | None,
    render: Callable[[CallAccepted], bytes],
) -> Answer:
    """To `to_address` (0x hex), or to a fresh one; raises what AskForMember raises.

    The member's address changes in the ledger when the rebind is on chain.
    """
    record = await member_record(house, claim.merchant_id, member_id)
    return await house.committer.submit(
        await asked_rebind(house, claim, record, to_address, consent, render)
    )


async def asked_rebind(
    house: House,
    claim: Claim,
    record: MemberRecord,
    to_address: str | None,
    consent: Consent | None,
    render: Callable[[CallAccepted], bytes],
) -> AskForMember:
    """The rebind as a command, with what the chain says against it."""
    arguments: dict[str, Any] = {
        "from": record.address,
        "to": to_address or house.new_address(),
        "deadline_s": consent.deadline_s if consent else 0,
        "signature": "0x",
    }
    if consent is not None:
        arguments["signature"] = f"0x{consent.encoded().hex()}"
    refusal = await rebind_refusal(house, record.contract_address, arguments)
    return AskForMember(
        claim, CallKind.REBIND, record.program_id, record.id, arguments, refusal, render
    )


async def set_signed_only(
    house: House,
    claim: Claim,
    member_id: str,
    *,
    signed_only: bool,
    consent: Consent | None,
    render: Callable[[CallAccepted], bytes],
) -> Answer:
    """Lets only the member's signatures burn their points, or ends that; it takes one itself.

    Raises SignatureRequired without one, and what AskForMember raises.
    """
    record = await member_record(house, claim.merchant_id, member_id)
    if consent is None:
        raise SignatureRequired("Only the member's signature can do this.")
    arguments: dict[str, Any] = {
        "member": record.address,
        "signed_only": signed_only,
        "deadline_s": consent.deadline_s,
        "signature": f"0x{consent.encoded().hex()}",
    }
    refusal = await signed_only_refusal(house, record.contract_address, arguments)
    command = AskForMember(
        claim, CallKind.SET_SIGNED_ONLY, record.program_id, record.id, arguments, refusal, render
    )
    return await house.committer.submit(command)
