"""Create a reward: put it into the catalogue, as a draft or open to members at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.canonical import canonical_json
from backend.core.rewards import RewardState, RewardTerms
from backend.core.spending_errors import RewardKeyTaken, UnknownCharity
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import ProgramState
from backend.ledger.reward_tables import Reward
from backend.ledger.rewards import reward_named
from backend.ledger.spending_loads import RewardRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import program_of, well_formed


@dataclass(frozen=True, slots=True)
class RewardChanged:
    """A reward after the step, and the program it is in."""

    reward: RewardRecord
    program: ProgramState


@dataclass(frozen=True, slots=True)
class CreateReward:
    """Raises UnknownProgram, RewardInvalid, UnknownCharity or RewardKeyTaken."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    terms: RewardTerms
    state: RewardState
    key: str | None
    render: Callable[[RewardChanged], bytes]

    def wants(self) -> Wants:
        wanted = wants_of_charity(self.terms)
        wanted.programs |= well_formed("prg", self.program_id)
        return wanted

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.merchant_id, self.program_id)
        require_charity(work, program.id, self.terms)
        self._require_free_key(work, program.id)
        reward = RewardRecord(
            id=work.new_id("rwd"),
            program_id=program.id,
            state=self.state.value,
            document=canonical_json(self.terms.to_document()).decode(),
            charity_id=self.terms.charity_id,
            taken_count=0,
            created_at_ms=work.now_ms,
            updated_at_ms=work.now_ms,
            key=self.key,
        )
        work.stage(Reward, {**reward.changes(), **_born(reward)})
        work.state.spending.rewards[reward.id] = reward
        return Answer(201, self.render(RewardChanged(reward, program)))

    def _require_free_key(self, work: UnitOfWork, program_id: str) -> None:
        if self.key is None:
            return
        key = self.key
        here = any(
            reward.key == key
            for reward in work.state.spending.rewards.values()
            if reward.program_id == program_id and not reward.is_state(RewardState.ARCHIVED)
        )
        if here or work.ask(lambda connection: reward_named(connection, program_id, key)):
            raise RewardKeyTaken("Another reward of the program has this key; archive it first.")


def wants_of_charity(terms: RewardTerms) -> Wants:
    """The charity that the terms name, if any."""
    return Wants(charities=well_formed("cha", terms.charity_id) if terms.charity_id else set())


def require_charity(work: UnitOfWork, program_id: str, terms: RewardTerms) -> None:
    """Raises UnknownCharity unless the charity is listed in the program."""
    if terms.charity_id is None:
        return
    charity = work.state.spending.charities.get(terms.charity_id)
    if charity is None or charity["program_id"] != program_id or not charity["listed"]:
        raise UnknownCharity("The program lists no such charity.")


def _born(reward: RewardRecord) -> dict[str, str | int | None]:
    return {
        "program_id": reward.program_id,
        "key": reward.key,
        "created_at_ms": reward.created_at_ms,
    }
