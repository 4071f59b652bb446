"""Grant a member a tier for a while: at sign-up, as a gesture, or one brought from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from backend.core.errors import TimestampInvalid
from backend.core.tier_errors import TierUnknown
from backend.core.tiers import Grant
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.badge_calls import member_in
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.judge_tier import grant_after, policy_of, today_of
from backend.services.judging import standing_of
from backend.services.read_tier import TierRead, tier_read

MERCHANT: Final = "merchant"

Render = Callable[[TierRead], bytes]


@dataclass(frozen=True, slots=True)
class GrantTier:
    """`level` None takes the merchant's grant away; `until` is the last day, None for no end.

    Raises UnknownMember, MemberClosed, MemberMerged, TierUnknown, or TimestampInvalid for a last
    day that is over.
    """

    claim: Claim
    program_id: str
    member_id: str
    level: str | None
    until: date | None
    render: Render

    def wants(self) -> Wants:
        return Wants(
            programs={self.program_id}, members={self.member_id}, rules_of={self.program_id}
        )

    def decide(self, work: UnitOfWork) -> Answer:
        member = member_in(work, self.claim.merchant_id, self.program_id, self.member_id)
        program = work.state.programs[self.program_id]
        rules, today = work.state.earning.rules[program.id], today_of(work, program)
        grant = None
        if self.level is not None:
            if policy_of(rules).level(self.level) is None:
                raise TierUnknown("The program has no such tier.")
            if self.until is not None and self.until < today:
                raise TimestampInvalid("The last day of the grant is over.")
            grant = Grant(MERCHANT, self.level, today, self.until)
        standing = standing_of(work, program, member)
        grant_after(work, program, member, standing, MERCHANT, grant)
        return Answer(200, self.render(tier_read(work, program, member)))


async def grant_tier(
    house: House,
    claim: Claim,
    member_id: str,
    level: str | None,
    until: date | None,
    render: Render,
) -> Answer:
    """Raises what GrantTier raises."""
    record = await member_record(house, claim.merchant_id, member_id)
    command = GrantTier(claim, record.program_id, record.id, level, until, render)
    return await house.committer.submit(command)
