"""Read what holds for a member now: offers, and the way to the next awards."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.engine.context import Context
from backend.core.engine.segments import segments_of
from backend.core.engine.standing import Standing
from backend.core.offers import Offer, Progress, offers_now, progress_of
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.judging import facts_of


@dataclass(frozen=True, slots=True)
class MemberNow:
    """A member as the rules in force see them at this moment; `unit` is `points`, or `money` where
    a point is a minor unit of the program's currency."""

    member_id: str
    program_id: str
    standing: Standing
    segments: tuple[str, ...]
    offers: tuple[Offer, ...]
    progress: tuple[Progress, ...]
    unit: str = "points"


async def read_member_now(house: House, merchant_id: str, member_id: str) -> MemberNow:
    """Raises UnknownMember. Nothing is written, not even what was never remembered before."""
    record = await member_record(house, merchant_id, member_id)
    program_id, now_ms = record.program_id, house.now_ms()

    def read(connection: Connection) -> MemberNow:
        work = UnitOfWork(connection, house.vault, now_ms, house.new_id)
        wants = Wants(programs={program_id}, members={member_id}, rules_of={program_id})
        work.load(wants, lock=False)
        earning, member = work.state.earning, work.state.members[member_id]
        rules = earning.rules[program_id]
        facts = facts_of(work, work.state.programs[program_id], member, rules, now_ms)
        used = earning.campaign_used.get(program_id, {})
        return MemberNow(
            member_id,
            program_id,
            facts.standing,
            segments_of(Context(facts, rules.segments)),
            offers_now(rules, facts, used),
            progress_of(rules, facts),
            rules.unit,
        )

    return await house.ledger.run(read)
