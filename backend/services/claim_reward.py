"""Claim a reward: burn its points and give it, or hold both until the claim is captured.

Stock and the member's limit are counted under the lock that orders a program's writers, so of many
claims at once on the last pieces as many succeed as there are pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.claims import ClaimState, window_start_ms
from backend.core.rewards import Offer, RewardState
from backend.core.spending_errors import RewardNotOffered
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.reward_tables import RewardClaim
from backend.ledger.rewards import claim_times
from backend.ledger.spending_loads import RewardRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.ask_confirmation import Ask, ask_confirmation
from backend.services.grant_claim import ClaimChanged, claim_changed, claim_details, grant
from backend.services.judging import tier_of
from backend.services.lookup import MemberRef, till_program
from backend.services.redeem import require_points, take_points
from backend.services.revise_reward import reward_in
from backend.services.signed_burn import UNSIGNED, SignedBurn

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimReward:
    """`code` is a fresh one for the voucher, if the reward gives one.

    Raises UnknownProgram, UnknownMember, UnknownReward, RewardNotOffered, TierRequired,
    RewardLimitReached, RewardSoldOut, InsufficientPoints, and what is wrong with the member's
    signature or the lack of one (SignedBurn). With `ask`, the member is asked for it, and points
    and stock are held meanwhile.
    """

    claim: Claim
    reward_id: str
    member: MemberRef
    step_id: str | None
    capture: bool
    code: str
    render: Callable[[ClaimChanged], bytes]
    signed: SignedBurn = UNSIGNED
    ask: Ask | None = None

    def wants(self) -> Wants:
        named = self.member.wants()
        own = Wants(rewards={self.reward_id}, rules_of=named.programs)
        return Wants.united([own, named, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        program = till_program(work, self.claim.merchant_id, self.member.program_id)
        reward = reward_in(work, program.merchant_id, program.id, self.reward_id)
        member = self.member.resolve(work)
        step = reward.terms.step(self.step_id)
        offer(work, program, reward, member).require()
        _require_listed(work, reward)
        ask = require_points(work, program, member, step.points, self.signed, self.ask)
        capture = self.capture and ask is None
        claim_id = work.new_id("clm")
        details = claim_details(claim_id, reward.id, step.id)
        redemption = take_points(
            work,
            self.claim.merchant_id,
            member,
            step.points,
            self.signed,
            details,
            capture=capture,
        )
        ask_confirmation(work, ask, redemption)
        row: Row = {
            "id": claim_id,
            "reward_id": reward.id,
            "program_id": program.id,
            "member_id": member.id,
            "redemption_id": redemption["id"],
            "grant_id": None,
            "step_id": step.id,
            "cash_minor": step.cash_minor,
            "document": reward.document,
            "state": ClaimState.HELD.value,
            "voucher_id": work.new_id("vou") if reward.terms.gives_voucher else None,
            "receipt_no": None,
            "created_at_ms": work.now_ms,
            "expires_at_ms": redemption["expires_at_ms"],
            "granted_at_ms": None,
            "closed_at_ms": None,
        }
        member_claims(work, reward.id, member.id)[claim_id] = work.now_ms
        redemption["claim_id"] = claim_id
        work.state.spending.claims[claim_id] = row
        code = None
        if capture:
            code = grant(work, program, reward, row, self.code)
        else:
            reward.held_count += 1
        work.stage(RewardClaim, row)
        return Answer(201, self.render(claim_changed(work, row, code)), secret=code is not None)


def offer(
    work: UnitOfWork, program: ProgramState, reward: RewardRecord, member: MemberState
) -> Offer:
    """The reward as it stands for the member at this moment."""
    window = window_start_ms(reward.terms.per_member_window, program.timezone, work.now_ms)
    times = member_claims(work, reward.id, member.id).values()
    return Offer(
        terms=reward.terms,
        state=RewardState(reward.state),
        taken_count=reward.claimed_count,
        claimed_count=sum(1 for at_ms in times if at_ms >= window),
        tier_id=tier_of(work, program, member) if reward.terms.tiers else None,
        now_ms=work.now_ms,
    )


def member_claims(work: UnitOfWork, reward_id: str, member_id: str) -> dict[str, int]:
    """When the member made the claims of the reward that count, with those of this group.

    Whoever adds or cancels a claim changes it here too: what is staged cannot be read.
    """
    known, key = work.state.spending.claim_times, (reward_id, member_id)
    if key not in known:
        found = work.ask(lambda connection: claim_times(connection, *key[::-1], work.now_ms))
        known[key] = found.get(reward_id, {})
    return known[key]


def _require_listed(work: UnitOfWork, reward: RewardRecord) -> None:
    if reward.charity_id is None:
        return
    if not work.state.spending.charities[reward.charity_id]["listed"]:
        raise RewardNotOffered("The charity is no longer listed.", reason="charity_delisted")
