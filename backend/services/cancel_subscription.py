"""Cancel a subscription: what is paid stays the member's, and nothing is awaited after it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.tier_errors import SubscriptionNotRunning, UnknownSubscription
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.subscriptions import columns_of, membership_of
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.badge_calls import member_in
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.judge_tier import policy_of, today_of
from backend.services.subscribe import Render, SubscriptionChanged, show_club


@dataclass(frozen=True, slots=True)
class CancelSubscription:
    """Raises UnknownMember, MemberClosed, MemberMerged, UnknownSubscription or
    SubscriptionNotRunning."""

    claim: Claim
    program_id: str
    member_id: str
    subscription_id: str
    render: Render

    def wants(self) -> Wants:
        return Wants(
            programs={self.program_id},
            members={self.member_id},
            rules_of={self.program_id},
            subscriptions_of={self.member_id},
        )

    def decide(self, work: UnitOfWork) -> Answer:
        member = member_in(work, self.claim.merchant_id, self.program_id, self.member_id)
        row = work.state.subscriptions.get(self.subscription_id)
        if row is None or row["member_id"] != member.id:
            raise UnknownSubscription("The member has no such subscription.")
        program = work.state.programs[self.program_id]
        today = today_of(work, program)
        if row["cancelled_at_ms"] is not None or not membership_of(row).covers(today):
            raise SubscriptionNotRunning("The subscription is cancelled, or has ended.")
        row["cancelled_at_ms"] = work.now_ms
        row |= columns_of(membership_of(row), row["rewarded_months"])
        work.touch_subscription(row["id"])
        plan = policy_of(work.state.earning.rules[program.id]).plan(row["plan"])
        show_club(work, program, member, row, plan.level if plan else None)
        return Answer(200, self.render(SubscriptionChanged(dict(row), today, member.tier_id)))


async def cancel_subscription(
    house: House, claim: Claim, member_id: str, subscription_id: str, render: Render
) -> Answer:
    """Raises what CancelSubscription raises."""
    record = await member_record(house, claim.merchant_id, member_id)
    command = CancelSubscription(claim, record.program_id, record.id, subscription_id, render)
    return await house.committer.submit(command)
