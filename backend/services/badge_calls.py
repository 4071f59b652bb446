"""What issuing and revoking a badge share: the contract they go to, and the call they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from backend.core.badges import BadgeType
from backend.core.calls import CallKind
from backend.core.errors import BadgesNotDeployed, ChainSilent, ConsentInFlight, UnknownMember
from backend.core.lifecycle import SettlementState
from backend.core.membership import require_open
from backend.ledger.badges import BadgeRecord, badge_arguments
from backend.ledger.calls import CallRecord
from backend.ledger.loading import MemberState
from backend.ledger.staged_calls import stage_call
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import owned


@dataclass(frozen=True, slots=True)
class BadgeChanged:
    """A badge that is being issued or revoked by a call, whose status `read_call` reads."""

    badge_id: str
    call_id: str
    kind: CallKind
    program_id: str
    member_id: str
    type: BadgeType
    contract: str
    token: int


Render = Callable[[BadgeChanged], bytes]


async def badge_contract(house: House) -> str:
    """The address of the deployment's LoyaltyBadge, 0x hex.

    Raises BadgesNotDeployed or ChainSilent.
    """
    if house.chain is None:
        raise ChainSilent("This server has no chain to ask.")
    address = await house.chain.ask(lambda _, deployment: deployment.badge)
    if address is None:
        raise BadgesNotDeployed("The deployment has no badges; its operator can add them.")
    return f"0x{address.hex()}"


def wants_of(program_id: str, member_id: str) -> Wants:
    """What has to be read before one of a member's badges is changed."""
    return Wants(
        programs={program_id}, members={member_id}, calls_of={member_id}, badges_of={member_id}
    )


def member_in(work: UnitOfWork, merchant_id: str, program_id: str, member_id: str) -> MemberState:
    """The merchant's member; raises UnknownMember."""
    member = work.state.members.get(member_id)
    if member is None or not owned(work, merchant_id, program_id):
        raise UnknownMember("There is no such member.")
    require_open(member.state, member.merged_into)
    return member


def stage_badge_call(
    work: UnitOfWork,
    kind: CallKind,
    member: MemberState,
    badge_id: str,
    contract: str,
    token: int,
) -> str:
    """Queues the call, its id; raises ConsentInFlight when another one is on its way."""
    if member.id in work.state.open_calls:
        raise ConsentInFlight(
            "Something else that concerns this member is on its way to the chain.",
            call_id=work.state.open_calls[member.id],
        )
    call_id = stage_call(work, kind, badge_arguments(badge_id, contract, token), member)
    call = CallRecord(
        call_id, member.program_id, member.id, kind, work.now_ms,
        SettlementState.ACCEPTED, None, None, None,
    )  # fmt: skip
    # Others of this group see it, too.
    others = [one for one in work.state.badges[member.id] if one.id != badge_id]
    known = [one for one in work.state.badges[member.id] if one.id == badge_id]
    changed = [replace(one, revocation=call) for one in known]
    issued = BadgeRecord(badge_id, contract, token, work.now_ms, call, None)
    work.state.badges[member.id] = [*others, *(changed or [issued])]
    return call_id
