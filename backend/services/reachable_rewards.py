"""What a member can have now, and what is missing for the rest (FEATURES 003-116)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.claims import window_start_ms
from backend.core.rewards import ClosedFor, Offer, RewardState
from backend.ledger import rewards
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.spending_loads import RewardRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.judging import tier_of
from backend.services.lookup import MemberById


@dataclass(frozen=True, slots=True)
class Reach:
    """A reward as it stands for a member: `refusal` says why it is closed to them, points aside;
    `missing_points` is what they lack for its cheapest step."""

    reward: RewardRecord
    refusal: ClosedFor | None
    missing_points: int

    @property
    def reachable(self) -> bool:
        return self.refusal is None and not self.missing_points


@dataclass(frozen=True, slots=True)
class Reachable:
    """Every active reward: those in reach first, then by what is missing. `following` is the one
    that needs the fewest more points, None where nothing is left to save for."""

    member: MemberState
    program: ProgramState
    rewards: tuple[Reach, ...]
    following: Reach | None


async def reachable_rewards(house: House, merchant_id: str, member_id: str) -> Reachable:
    """Raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    ref, now_ms = MemberById(record.program_id, member_id), house.now_ms()

    def read(connection: Connection) -> Reachable:
        work = UnitOfWork(connection, house.vault, now_ms, house.new_id)
        named = ref.wants()
        work.load(Wants.united([named, Wants(rules_of=named.programs)]), lock=False)
        member, program = work.state.members[member_id], work.state.programs[record.program_id]
        tier_id = tier_of(work, program, member)
        active = rewards.rewards_of_program(
            connection, merchant_id, program.id, RewardState.ACTIVE.value, now_ms
        )
        claims = rewards.claim_times(connection, member_id, None, now_ms)
        reached = [
            _reach(each, program, member, tier_id, claims.get(each.id, {}), now_ms)
            for each in active
        ]
        ordered = sorted(reached, key=lambda r: (not r.reachable, r.missing_points, r.reward.id))
        ahead = [each for each in ordered if each.refusal is None and each.missing_points]
        return Reachable(member, program, tuple(ordered), ahead[0] if ahead else None)

    return await house.ledger.run(read)


def _reach(
    reward: RewardRecord,
    program: ProgramState,
    member: MemberState,
    tier_id: str | None,
    claims: dict[str, int],
    now_ms: int,
) -> Reach:
    window = window_start_ms(reward.terms.per_member_window, program.timezone, now_ms)
    offer = Offer(
        terms=reward.terms,
        state=RewardState(reward.state),
        taken_count=reward.claimed_count,
        claimed_count=sum(1 for at_ms in claims.values() if at_ms >= window),
        tier_id=tier_id,
        now_ms=now_ms,
    )
    least = min(step.points for step in reward.terms.steps)
    return Reach(reward, offer.refusal(), max(0, least - member.available_points))
