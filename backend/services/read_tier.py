"""Read a member's tier: since when, until when, what is missing, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.club import LABEL, Plan
from backend.core.membership import MembershipState
from backend.core.tier_policy import NO_TIERS
from backend.core.tier_progress import Progress, progress
from backend.core.tiers import TierPolicy, TierState, judged
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.tiers import ChangeRecord, changes_of_member, stored_state
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.judge_tier import activity_of, policy_of, today_of
from backend.services.judging import standing_of


@dataclass(frozen=True, slots=True)
class TierRead:
    """A member's status as of now; `clubs` are the plans the member is in."""

    program_id: str
    member_id: str
    policy: TierPolicy
    state: TierState
    progress: Progress
    clubs: tuple[Plan, ...]


async def read_tier(house: House, merchant_id: str, member_id: str) -> TierRead:
    """Judged as of now, whether the sweep came by or not; raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    now_ms = house.now_ms()

    def read(connection: Connection) -> TierRead:
        work = UnitOfWork(connection, house.vault, now_ms, house.new_id)
        wants = Wants(
            programs={record.program_id}, members={record.id}, rules_of={record.program_id}
        )
        work.load(wants, lock=False)
        return tier_read(
            work, work.state.programs[record.program_id], work.state.members[record.id]
        )

    return await house.ledger.run(read)


def tier_read(work: UnitOfWork, program: ProgramState, member: MemberState) -> TierRead:
    """A loaded member's status as of the work's moment; writes nothing."""
    rules = work.state.earning.rules[program.id]
    policy, today = policy_of(rules), today_of(work, program)
    if member.state in (MembershipState.CLOSED, MembershipState.MERGED):
        policy = NO_TIERS
    activity = activity_of(standing_of(work, program, member))
    state = judged(policy, activity, today, stored_state(member.tier_document)).state
    plans = (_plan(policy, one.source) for one in state.grants if one.holds(today))
    return TierRead(
        program_id=program.id,
        member_id=member.id,
        policy=policy,
        state=state,
        progress=progress(policy, activity, state),
        clubs=tuple(plan for plan in plans if plan is not None),
    )


def _plan(policy: TierPolicy, source: str) -> Plan | None:
    return policy.plan(source.removeprefix(LABEL)) if source.startswith(LABEL) else None


async def read_tier_changes(
    house: House, merchant_id: str, member_id: str, limit: int, after: str | None
) -> list[ChangeRecord]:
    """A member's history, the oldest first; raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    return await house.ledger.run(
        lambda connection: changes_of_member(connection, record.id, after, limit)
    )
