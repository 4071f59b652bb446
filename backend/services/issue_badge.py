"""Give a member a badge: a tier reached, or something they did."""

from __future__ import annotations

from dataclasses import dataclass

from backend.chain.quantities import read_bytes
from backend.core import badges
from backend.core.badges import BadgeType
from backend.core.calls import CallKind
from backend.core.errors import BadgeAlreadyHeld, MereauError
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.badge_calls import (
    BadgeChanged,
    Render,
    badge_contract,
    member_in,
    stage_badge_call,
    wants_of,
)
from backend.services.find_member import member_record
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class IssueBadge:
    """Raises UnknownMember, BadgeAlreadyHeld, ConsentInFlight, or `contract` if it is a refusal.

    The serial is random, so that an id counts nothing and no id is used twice.
    """

    claim: Claim
    program_id: str
    member_id: str
    type: BadgeType
    serial: bytes
    contract: str | MereauError
    render: Render

    def wants(self) -> Wants:
        return wants_of(self.program_id, self.member_id)

    def decide(self, work: UnitOfWork) -> Answer:
        member = member_in(work, self.claim.merchant_id, self.program_id, self.member_id)
        for one in work.state.badges[member.id]:
            if one.is_held and badges.type_number(one.token) == self.type.number:
                raise BadgeAlreadyHeld("The member has this badge already.", badge_id=one.id)
        if isinstance(self.contract, MereauError):
            raise self.contract
        token = badges.token_id(read_bytes(member.address, 20), self.type.number, self.serial)
        badge_id, kind = work.new_id("bdg"), CallKind.ISSUE_BADGES
        call_id = stage_badge_call(work, kind, member, badge_id, self.contract, token)
        done = BadgeChanged(
            badge_id, call_id, kind, self.program_id, member.id, self.type, self.contract, token
        )
        return Answer(202, self.render(done))


async def issue_badge(
    house: House, claim: Claim, member_id: str, asked: str | int, render: Render
) -> Answer:
    """Of the type of this name or number.

    Raises BadgeTypeUnknown, BadgesNotDeployed, ChainSilent and what IssueBadge raises.
    """
    found = badges.badge_type(asked)
    record = await member_record(house, claim.merchant_id, member_id)
    contract: str | MereauError
    try:
        contract = await badge_contract(house)
    except MereauError as refusal:
        # A request that was answered before gets its answer, whatever the chain does now.
        contract = refusal
    serial = house.entropy(badges.SERIAL_BYTES)
    command = IssueBadge(claim, record.program_id, record.id, found, serial, contract, render)
    return await house.committer.submit(command)
