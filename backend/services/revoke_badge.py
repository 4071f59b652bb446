"""Take a badge back: a tier that ended, or a mistake."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core import badges
from backend.core.calls import CallKind
from backend.core.errors import BadgeNotHeld, UnknownBadge
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.badge_calls import (
    BadgeChanged,
    Render,
    member_in,
    stage_badge_call,
    wants_of,
)
from backend.services.find_member import member_record
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class RevokeBadge:
    """Raises UnknownMember, UnknownBadge, BadgeNotHeld or ConsentInFlight."""

    claim: Claim
    program_id: str
    member_id: str
    badge_id: str
    render: Render

    def wants(self) -> Wants:
        return wants_of(self.program_id, self.member_id)

    def decide(self, work: UnitOfWork) -> Answer:
        member = member_in(work, self.claim.merchant_id, self.program_id, self.member_id)
        named = [one for one in work.state.badges[member.id] if one.id == self.badge_id]
        if not named:
            raise UnknownBadge("The member has no such badge.")
        (badge,) = named
        if not badge.is_held:
            raise BadgeNotHeld("The badge is revoked, or was never issued.")
        kind = CallKind.REVOKE_BADGES
        call_id = stage_badge_call(work, kind, member, badge.id, badge.contract, badge.token)
        done = BadgeChanged(
            badge.id,
            call_id,
            kind,
            self.program_id,
            member.id,
            badges.badge_type(badges.type_number(badge.token)),
            badge.contract,
            badge.token,
        )
        return Answer(202, self.render(done))


async def revoke_badge(
    house: House, claim: Claim, member_id: str, badge_id: str, render: Render
) -> Answer:
    """Raises what RevokeBadge raises."""
    record = await member_record(house, claim.merchant_id, member_id)
    command = RevokeBadge(claim, record.program_id, record.id, badge_id, render)
    return await house.committer.submit(command)
