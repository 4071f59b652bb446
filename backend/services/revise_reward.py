"""Revise a reward: other terms for claims from now on; those made keep what they were promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.canonical import canonical_json
from backend.core.rewards import RewardState, RewardTerms
from backend.core.spending_errors import RewardNotEditable, UnknownReward
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.reward_tables import Reward
from backend.ledger.spending_loads import RewardRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.create_reward import RewardChanged, require_charity, wants_of_charity
from backend.services.lookup import owned


@dataclass(frozen=True, slots=True)
class ReviseReward:
    """Raises UnknownReward, RewardInvalid, UnknownCharity, or RewardNotEditable for a reward that
    is archived and for another kind of one that members have seen."""

    merchant_id: str
    claim: Claim | None
    reward_id: str
    program_id: str
    terms: RewardTerms
    render: Callable[[RewardChanged], bytes]

    def wants(self) -> Wants:
        wanted = wants_of_charity(self.terms)
        wanted.programs |= {self.program_id}
        wanted.rewards |= {self.reward_id}
        return wanted

    def decide(self, work: UnitOfWork) -> Answer:
        reward = reward_in(work, self.merchant_id, self.program_id, self.reward_id)
        if reward.is_state(RewardState.ARCHIVED):
            raise RewardNotEditable("An archived reward stays as it is.", reason="archived")
        if not reward.is_state(RewardState.DRAFT) and reward.terms.kind is not self.terms.kind:
            raise RewardNotEditable("Its kind was published: make another reward.", reason="kind")
        require_charity(work, self.program_id, self.terms)
        reward.document = canonical_json(self.terms.to_document()).decode()
        reward.charity_id = self.terms.charity_id
        reward.updated_at_ms = work.now_ms
        work.stage_update(Reward, reward.changes())
        changed = RewardChanged(reward, work.state.programs[self.program_id])
        return Answer(200, self.render(changed))


def reward_in(work: UnitOfWork, merchant_id: str, program_id: str, reward_id: str) -> RewardRecord:
    """The merchant's reward in the program; raises UnknownReward."""
    reward = work.state.spending.rewards.get(reward_id)
    if (
        reward is None
        or reward.program_id != program_id
        or not owned(work, merchant_id, program_id)
    ):
        raise UnknownReward("There is no such reward.")
    return reward
