"""Open a reward to members, or archive it: claims that were made stand either way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.rewards import RewardState
from backend.core.spending_errors import RewardNotEditable
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.reward_tables import Reward
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.create_reward import RewardChanged, require_charity
from backend.services.revise_reward import reward_in


@dataclass(frozen=True, slots=True)
class MoveReward:
    """To `active` or `archived`; staying where it is changes nothing.

    Raises UnknownReward, UnknownCharity, or RewardNotEditable for one that was archived.
    """

    merchant_id: str
    claim: Claim | None
    reward_id: str
    program_id: str
    state: RewardState
    render: Callable[[RewardChanged], bytes]

    def wants(self) -> Wants:
        return Wants(programs={self.program_id}, rewards={self.reward_id})

    def decide(self, work: UnitOfWork) -> Answer:
        reward = reward_in(work, self.merchant_id, self.program_id, self.reward_id)
        if not reward.is_state(self.state):
            if reward.is_state(RewardState.ARCHIVED):
                raise RewardNotEditable("An archived reward stays so.", reason="archived")
            if self.state is RewardState.ACTIVE:
                require_charity(work, self.program_id, reward.terms)
            reward.state, reward.updated_at_ms = self.state.value, work.now_ms
            work.stage_update(Reward, reward.changes())
        changed = RewardChanged(reward, work.state.programs[self.program_id])
        return Answer(200, self.render(changed))
