"""Judge a member's tier inside the commit that changes what it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from backend.core.club import LABEL
from backend.core.engine.moment import Moment
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import Standing
from backend.core.tier_documents import grants_in
from backend.core.tier_gain import stays
from backend.core.tier_policy import NO_TIERS
from backend.core.tiers import Activity, Grant, Judged, TierPolicy, granted, judge, judged
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.tier_tables import TierChanged
from backend.ledger.tiers import badge_of, change_rows, stored_state, tier_columns
from backend.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Status:
    """What rules may ask about a member's status: the tier now, and a label for each club."""

    tier: str | None = None
    labels: frozenset[str] = frozenset()


_NONE: Final = Status()


def policy_of(rules: RuleSet) -> TierPolicy:
    """The tiers of a program's rules; a policy without levels where they say nothing."""
    policy: TierPolicy = rules.sections.get("tiers", NO_TIERS)
    return policy


def activity_of(standing: Standing) -> Activity:
    """What counts towards tiers of what a program remembers."""
    return Activity.of(standing.months, _lifetime(standing))


def _lifetime(standing: Standing) -> tuple[int, int, int]:
    return standing.earned_points, standing.spend_minor, standing.visit_days


def status_of(
    work: UnitOfWork, program: ProgramState, member: MemberState, standing: Standing
) -> Status:
    """The member's status as of now, also where a tier lapsed and nobody wrote it down yet."""
    policy = policy_of(work.state.earning.rules[program.id])
    document = member.tier_document
    if document is None and policy is NO_TIERS:
        return _NONE
    if document is not None and _is_fresh(work, policy, member):
        if LABEL not in document:
            return Status(member.tier_id)
        return Status(member.tier_id, _clubs(grants_in(document), today_of(work, program)))
    today = today_of(work, program)
    current = stored_state(member.tier_document)
    state = judge(policy, activity_of(standing), today, current)
    return Status(state.level, _clubs(state.grants, today))


def has_tiers(work: UnitOfWork, program: ProgramState, member: MemberState) -> bool:
    """Whether there is anything to judge: the rules have tiers or clubs, or the member had any."""
    policy = policy_of(work.state.earning.rules[program.id])
    return policy is not NO_TIERS or member.tier_document is not None


def _is_fresh(work: UnitOfWork, policy: TierPolicy, member: MemberState) -> bool:
    """Whether what is stored is the member's tier now."""
    until_ms = member.tier_until_ms
    return member.tier_policy == policy.hash and (until_ms is None or work.now_ms < until_ms)


def _clubs(grants: tuple[Grant, ...], today: date) -> frozenset[str]:
    return frozenset(
        one.source for one in grants if one.source.startswith(LABEL) and one.holds(today)
    )


def judge_after(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    standing: Standing,
    source_id: str | None = None,
) -> None:
    """Judges the member by the standing as it is after something happened: the change is in the
    same commit. `source_id` names what happened, for the history of changes.

    Rules that remember nothing, as a partner's own terms, change no tier.
    """
    rules = work.state.earning.rules[program.id]
    policy, current = policy_of(rules), stored_state(member.tier_document)
    if not rules.remembers or (current is None and policy is NO_TIERS):
        return
    result = judged(policy, activity_of(standing), today_of(work, program), current)
    keep_tier(work, program, member, policy, result, source_id)


def judge_anew(work: UnitOfWork, member: MemberState) -> None:
    """Has the next who asks judge the member, where what is counted can only be read afterwards."""
    if member.tier_policy is not None:
        member.tier_policy = None
        work.touch_standing(member)


def judge_gain(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    standing: Standing,
    at_ms: int,
    source_id: str | None = None,
) -> None:
    """`judge_after` a purchase or event of `at_ms`: most leave the tier as it is, and then nothing
    is written."""
    policy = policy_of(work.state.earning.rules[program.id])
    if policy is NO_TIERS and member.tier_document is None:
        return
    today = today_of(work, program)
    day = Moment.at(at_ms, program.timezone).day
    lifetime = _lifetime(standing)
    if _is_fresh(work, policy, member) and stays(
        policy, standing.months, lifetime, member.tier_id, day=day, today=today
    ):
        return
    judge_after(work, program, member, standing, source_id)


def grant_after(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    standing: Standing,
    source: str,
    grant: Grant | None,
    source_id: str | None = None,
) -> None:
    """Gives or takes away a level beside the earned one, in the same commit."""
    policy = policy_of(work.state.earning.rules[program.id])
    activity, today = activity_of(standing), today_of(work, program)
    first = judged(policy, activity, today, stored_state(member.tier_document))
    then = judged(policy, activity, today, granted(first.state, source, grant))
    both = Judged(then.state, (*first.changes, *then.changes))
    keep_tier(work, program, member, policy, both, source_id)


def leave_tiers(work: UnitOfWork, member: MemberState) -> None:
    """Who is no more a member has no tier, and shows none."""
    if member.tier_document is None:
        return
    member.tier_id = member.tier_document = member.tier_policy = None
    member.tier_since_ms = member.tier_until_ms = None
    if member.badge_wanted is not None:
        member.badge_wanted, member.badge_due = None, True
    work.touch_standing(member)


def today_of(work: UnitOfWork, program: ProgramState) -> date:
    """The day it is in the program's zone."""
    return Moment.at(work.now_ms, program.timezone).day


def keep_tier(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    policy: TierPolicy,
    result: Judged,
    source_id: str | None,
) -> None:
    """Has what was judged written with the group, and the history of it."""
    for name, value in tier_columns(result.state, program.timezone).items():
        setattr(member, name, value)
    wanted = badge_of(policy, member.tier_id)
    if wanted != member.badge_wanted:
        member.badge_wanted, member.badge_due = wanted, True
    work.touch_standing(member)
    for row in change_rows(program.id, member.id, result, source_id, work.now_ms, work.new_id):
        work.stage(TierChanged, row)
