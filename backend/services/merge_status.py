"""Merge what a program remembers of two members who are one person: the better status stays."""

from __future__ import annotations

from dataclasses import replace

from backend.core.engine.memory import merged
from backend.core.engine.standing import EMPTY, Standing
from backend.core.tiers import Grant, Judged, TierState, granted, judged
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.tiers import stored_state
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.crediting import remember
from backend.services.judge_tier import (
    activity_of,
    has_tiers,
    keep_tier,
    leave_tiers,
    policy_of,
    today_of,
)
from backend.services.judging import standing_of

MERGE = "merge"
"""The source of the grant that keeps the source's tier, where it was the better one."""


def merge_status(
    work: UnitOfWork, program: ProgramState, source: MemberState, target: MemberState, why: str
) -> None:
    """Nothing is counted twice or lost, clubs go on for the target, and the higher tier is kept
    for as long as it would have been. `why` is the id of the merge."""
    was, had = standing_of(work, program, target), standing_of(work, program, source)
    whole = merged(was, had)
    remember(work, target, whole)
    remember(work, source, EMPTY)
    for row in work.state.subscriptions.values():
        if row["member_id"] == source.id:
            row["member_id"] = target.id
            work.touch_subscription(row["id"])
    if not any(has_tiers(work, program, member) for member in (source, target)):
        return
    brought = _as_of_now(work, program, source, had).state
    joined = _as_of_now(work, program, target, whole)
    state = joined.state
    for grant in brought.grants:
        mine = next((one for one in state.grants if one.source == grant.source), None)
        state = granted(state, grant.source, _longer(mine, grant))
    policy = policy_of(work.state.earning.rules[program.id])
    if policy.place(brought.level) > policy.place(state.level) and brought.level is not None:
        today = today_of(work, program)
        better = Grant(MERGE, brought.level, today, brought.until)
        state = granted(state, MERGE, better)
    then = judged(policy, activity_of(whole), today_of(work, program), state)
    both = Judged(then.state, (*joined.changes, *then.changes))
    keep_tier(work, program, target, policy, both, why)
    leave_tiers(work, source)


def _as_of_now(
    work: UnitOfWork, program: ProgramState, member: MemberState, standing: Standing
) -> Judged:
    policy = policy_of(work.state.earning.rules[program.id])
    current: TierState | None = stored_state(member.tier_document)
    return judged(policy, activity_of(standing), today_of(work, program), current)


def _longer(mine: Grant | None, other: Grant) -> Grant:
    if mine is None or mine.until is None:
        return mine or other
    until = None if other.until is None else max(mine.until, other.until)
    return replace(mine, since=min(mine.since, other.since), until=until)
