"""Claim a granted reward: the member gets it without points, as the catalogue offers it now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backend.core.claims import ClaimState
from backend.core.membership import require_active
from backend.core.spending_errors import (
    GrantUsed,
    GrantWithoutReward,
    RewardNotOffered,
    RewardSoldOut,
    UnknownGrant,
)
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.reward_tables import RewardClaim, RewardGrant
from backend.ledger.spending_loads import RewardRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.claim_reward import offer
from backend.services.grant_claim import ClaimChanged, claim_changed, grant
from backend.services.lookup import till_program

Row = dict[str, Any]
_OF_CHOICE = frozenset({"tier_required", "limit_reached"})
"""What keeps members from a reward they would pay for, and not from one they were given."""


GrantState = Literal["open", "used", "cancelled"]


@dataclass(frozen=True, slots=True)
class ClaimGrant:
    """One of the granted quantity; `reward_id` is what the grant's name stands for now.

    Raises UnknownGrant, GrantUsed, GrantWithoutReward, RewardNotOffered, RewardSoldOut, and what
    the state of the member forbids. Whatever is refused leaves the grant as it was.
    """

    claim: Claim
    grant_id: str
    program_id: str
    member_id: str
    reward_id: str | None
    code: str
    render: Callable[[ClaimChanged], bytes]

    def wants(self) -> Wants:
        return Wants(
            programs={self.program_id},
            members={self.member_id},
            grants={self.grant_id},
            rewards={self.reward_id} if self.reward_id else set(),
        )

    def decide(self, work: UnitOfWork) -> Answer:
        given = work.state.spending.grants.get(self.grant_id)
        if given is None:
            raise UnknownGrant("There is no such grant.")
        program = till_program(work, self.claim.merchant_id, self.program_id)
        require_left(given)
        member = work.owner(given["member_id"])
        require_active(member.state, member.merged_into)
        reward = self._reward(work)
        _require_offered(offer(work, program, reward, member).refusal())
        given["claimed_count"] += 1
        counted = ("id", "claimed_count")
        work.stage_update(RewardGrant, {name: given[name] for name in counted})
        step = reward.terms.steps[0]
        row: Row = {
            "id": work.new_id("clm"),
            "reward_id": reward.id,
            "program_id": program.id,
            "member_id": member.id,
            "redemption_id": None,
            "grant_id": given["id"],
            "step_id": step.id,
            "cash_minor": 0,
            "document": reward.document,
            "state": ClaimState.HELD.value,
            "voucher_id": work.new_id("vou") if reward.terms.gives_voucher else None,
            "receipt_no": None,
            "created_at_ms": work.now_ms,
            "expires_at_ms": work.now_ms,
            "granted_at_ms": None,
            "closed_at_ms": None,
        }
        work.state.spending.claims[row["id"]] = row
        code = grant(work, program, reward, row, self.code)
        work.stage(RewardClaim, row)
        return Answer(201, self.render(claim_changed(work, row, code)), secret=code is not None)

    def _reward(self, work: UnitOfWork) -> RewardRecord:
        reward = work.state.spending.rewards.get(self.reward_id or "")
        if reward is None:
            raise GrantWithoutReward("The catalogue has no reward of that name yet.")
        return reward


def require_left(given: Row) -> None:
    """Raises GrantUsed, naming the state, where nothing of the grant is left."""
    if (state := grant_state(given)) != "open":
        raise GrantUsed(f"The grant is {state}.", state=state)


def grant_state(given: Mapping[str, Any]) -> GrantState:
    """`used` once all of it is claimed, `cancelled` where its purchase was returned before."""
    if given["claimed_count"] >= given["quantity"]:
        return "used"
    return "open" if given["cancelled_at_ms"] is None else "cancelled"


def _require_offered(refusal: str | None) -> None:
    if refusal is None or refusal in _OF_CHOICE:
        return
    if refusal == "sold_out":
        raise RewardSoldOut("Nothing is left of this reward.")
    raise RewardNotOffered("The reward is not offered now.", reason=refusal)
