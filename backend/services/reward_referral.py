"""Reward a referral: the referee's first purchase that counts gives both sides pending points."""

from __future__ import annotations

from dataclasses import replace

from backend.core.engine.moment import Moment
from backend.core.engine.outcome import Evaluation
from backend.core.membership import MembershipState
from backend.core.referral import ReferralPolicy
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.rule_sets import referral_of
from backend.ledger.rule_tables import Referral
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.crediting import stage_pending
from backend.services.refer_member import OPEN, REWARDED

_DAY_MS = 24 * 3600 * 1000


def with_referral(
    work: UnitOfWork, program: ProgramState, member: MemberState, earned: Evaluation, at_ms: int
) -> Evaluation:
    """What the purchase earns with the newcomer's share, where it is the one that counts."""
    if (policy := _due(work, program, member, earned, at_ms)) is None:
        return earned
    credit = policy.for_referee(Moment.at(at_ms, program.timezone).day)
    return earned if credit is None else replace(earned, credits=(*earned.credits, credit))


def stage_referral(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    earned: Evaluation,
    purchase_id: str,
    at_ms: int,
) -> None:
    """Closes the referral and gives the referrer their share, where the purchase counts."""
    if (policy := _due(work, program, member, earned, at_ms)) is None:
        return
    row = work.state.earning.referrals[member.id]
    row |= {"state": REWARDED, "purchase_id": purchase_id}
    names = ("referee_id", "state", "purchase_id")
    work.stage_update(Referral, {name: row[name] for name in names})
    referrer = _still_there(work, row["referrer_id"])
    rewarded_before = work.state.earning.rewarded_count.get(row["referrer_id"], 0)
    credit = policy.for_referrer(Moment.at(at_ms, program.timezone).day)
    if referrer is None or credit is None or rewarded_before >= policy.max_referrals:
        return
    work.state.earning.rewarded_count[referrer.id] = rewarded_before + 1
    rules_hash = work.state.earning.rules[program.id].hash
    stage_pending(work, program, referrer, purchase_id, credit, rules_hash)


def _still_there(work: UnitOfWork, member_id: str) -> MemberState | None:
    """The member, or whom they were merged into; None for one who left."""
    if member_id not in work.state.members:
        return None
    member = work.owner(member_id)
    return None if member.state == MembershipState.CLOSED else member


def _due(
    work: UnitOfWork, program: ProgramState, member: MemberState, earned: Evaluation, at_ms: int
) -> ReferralPolicy | None:
    row = work.state.earning.referrals.get(member.id)
    if row is None or row["state"] != OPEN:
        return None
    policy = referral_of(work.state.earning.rules[program.id])
    if policy is None:
        return None
    if row["referrer_id"] == member.id:
        return None  # One person, who had two accounts: nobody brings themselves.
    days_since = (at_ms - row["created_at_ms"]) // _DAY_MS
    return policy if policy.counts(earned.basis_minor, days_since) else None
