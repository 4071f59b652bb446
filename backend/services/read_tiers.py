"""Read a program's tiers and clubs, with how many members each has, and what changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.engine.moment import Moment
from backend.core.tiers import TierPolicy
from backend.ledger.rule_sets import rules_of
from backend.ledger.subscriptions import members_by_plan
from backend.ledger.tiers import ChangeRecord, changes_of_program, members_by_tier
from backend.services.house import House
from backend.services.judge_tier import policy_of
from backend.services.read_program import read_program


@dataclass(frozen=True, slots=True)
class TiersRead:
    """`members` by tier id as of the last time each was judged; who never was counts as having
    the entry tier, under None where there is none. `subscribers` by plan, as of today."""

    program_id: str
    policy: TierPolicy
    members: dict[str | None, int]
    subscribers: dict[str, int]


async def read_tiers(house: House, merchant_id: str, program_id: str) -> TiersRead:
    """Raises UnknownProgram."""
    program = await read_program(house, merchant_id, program_id)
    today = Moment.at(house.now_ms(), program.timezone).day

    def read(connection: Connection) -> TiersRead:
        policy = policy_of(rules_of(connection, program))
        members: dict[str | None, int] = {}
        for tier_id, count in members_by_tier(connection, program_id).items():
            known = tier_id if policy.level(tier_id) else policy.entry
            members[known] = members.get(known, 0) + count
        subscribers = members_by_plan(connection, program_id, today)
        return TiersRead(program_id, policy, members, subscribers)

    return await house.ledger.run(read)


async def read_program_changes(
    house: House, merchant_id: str, program_id: str, limit: int, after: str | None
) -> list[ChangeRecord]:
    """Every tier change of a program's members, the oldest first; raises UnknownProgram."""
    await read_program(house, merchant_id, program_id)
    return await house.ledger.run(
        lambda connection: changes_of_program(connection, program_id, after, limit)
    )
