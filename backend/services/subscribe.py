"""Subscribe a member to a paid club, or renew it: each payment buys one term of the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from backend.core.club import LABEL, Membership, Plan, add_months
from backend.core.errors import CurrencyMismatch, ReceiptAlreadyRecorded
from backend.core.membership import require_active
from backend.core.money import Money
from backend.core.tier_errors import FeeMismatch, PlanUnknown, SubscriptionPaidAhead
from backend.core.tiers import Grant
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.subscriptions import columns_of, membership_of, running
from backend.ledger.tier_tables import Subscription, SubscriptionTerm
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.badge_calls import member_in
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.judge_tier import grant_after, policy_of, today_of
from backend.services.judging import standing_of

AHEAD_MONTHS_MAX: Final = 60
"""How far ahead a club can be paid."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SubscriptionChanged:
    """A subscription as it is now, and the day by which it was judged."""

    row: Row
    today: date
    tier: str | None


Render = Callable[[SubscriptionChanged], bytes]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Raises UnknownMember, MemberDeactivated, MemberClosed, MemberMerged, PlanUnknown,
    CurrencyMismatch, FeeMismatch, SubscriptionPaidAhead or ReceiptAlreadyRecorded; none of them
    writes anything."""

    claim: Claim
    program_id: str
    member_id: str
    plan_id: str
    paid: Money
    receipt_id: str
    render: Render

    def wants(self) -> Wants:
        return Wants(
            programs={self.program_id},
            members={self.member_id},
            rules_of={self.program_id},
            subscriptions_of={self.member_id},
            club_receipts={(self.program_id, self.receipt_id)},
        )

    def decide(self, work: UnitOfWork) -> Answer:
        member = member_in(work, self.claim.merchant_id, self.program_id, self.member_id)
        require_active(member.state, member.merged_into)
        program = work.state.programs[self.program_id]
        plan = self._paid_plan(work, program)
        today = today_of(work, program)
        mine = [r for r in work.state.subscriptions.values() if r["member_id"] == member.id]
        row = running(mine, plan.id, today)
        if row is None:
            began, from_on = Membership(today, plan.term_months, plan.grace_days), today
            row = self._new_row(work, member, began)
            work.stage(Subscription, row)
            work.state.subscriptions[row["id"]] = row
        else:
            before = membership_of(row)
            began, from_on = before.renewed(plan.term_months, plan.grace_days), before.renews_on
            if began.renews_on > add_months(today, AHEAD_MONTHS_MAX):
                raise SubscriptionPaidAhead(
                    f"A club is paid {AHEAD_MONTHS_MAX} months ahead at most.",
                    renews_on=row["renews_on"],
                )
            row |= columns_of(began, row["rewarded_months"]) | {"cancelled_at_ms": None}
            work.touch_subscription(row["id"])
        self._record(work, row["id"], from_on, began.renews_on)
        show_club(work, program, member, row, plan.level)
        return Answer(201, self.render(SubscriptionChanged(dict(row), today, member.tier_id)))

    def _paid_plan(self, work: UnitOfWork, program: ProgramState) -> Plan:
        plan = policy_of(work.state.earning.rules[program.id]).plan(self.plan_id)
        if plan is None:
            raise PlanUnknown("The program has no such club.")
        if self.paid.currency != program.currency:
            raise CurrencyMismatch(
                f"The program counts in {program.currency}.", program_currency=program.currency
            )
        if self.paid.amount_minor != plan.fee_minor:
            raise FeeMismatch("The fee of a term is another one.", fee_minor=plan.fee_minor)
        receipt = (program.id, self.receipt_id)
        if (paid := work.state.club_receipts.get(receipt)) is not None:
            raise ReceiptAlreadyRecorded(
                "The payment was recorded already, under another Idempotency-Key.",
                subscription_id=paid,
            )
        return plan

    def _new_row(self, work: UnitOfWork, member: MemberState, began: Membership) -> Row:
        return {
            "id": work.new_id("sub"),
            "program_id": self.program_id,
            "member_id": member.id,
            "plan": self.plan_id,
            **columns_of(began, 0),
            "created_at_ms": work.now_ms,
            "cancelled_at_ms": None,
        }

    def _record(
        self, work: UnitOfWork, subscription_id: str, from_on: date, until_on: date
    ) -> None:
        work.stage(
            SubscriptionTerm,
            {
                "program_id": self.program_id,
                "receipt_id": self.receipt_id,
                "subscription_id": subscription_id,
                "amount_minor": self.paid.amount_minor,
                "currency": self.paid.currency,
                "from_on": str(from_on),
                "until_on": str(until_on),
                "recorded_at_ms": work.now_ms,
            },
        )
        work.state.club_receipts[self.program_id, self.receipt_id] = subscription_id


def show_club(
    work: UnitOfWork, program: ProgramState, member: MemberState, row: Row, level: str | None
) -> None:
    """Has rules and tiers see the club for as long as it lasts; `level` is the least it gives."""
    membership = membership_of(row)
    source = f"{LABEL}{row['plan']}"
    last = membership.ends_on - timedelta(days=1)
    grant = Grant(source, level, membership.started_on, last)
    standing = standing_of(work, program, member)
    grant_after(work, program, member, standing, source, grant, row["id"])


async def subscribe(
    house: House,
    claim: Claim,
    member_id: str,
    plan_id: str,
    paid: Money,
    receipt_id: str,
    render: Render,
) -> Answer:
    """Raises what Subscribe raises."""
    record = await member_record(house, claim.merchant_id, member_id)
    command = Subscribe(claim, record.program_id, record.id, plan_id, paid, receipt_id, render)
    return await house.committer.submit(command)
