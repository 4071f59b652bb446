"""Try rules on a sample: what a basket would earn under a draft, beside the rules in force."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.engine.basket import Basket
from backend.core.engine.evaluate import evaluate_purchase
from backend.core.engine.outcome import Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts
from backend.ledger.rule_sets import rules_of
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.judging import judge_purchase, judged_by, moment_of
from backend.services.lookup import program_of


@dataclass(frozen=True, slots=True)
class Tried:
    """What the sample earns in force, and under the draft where there is one."""

    in_force: Evaluation
    draft: Evaluation | None


async def try_rules(
    house: House,
    merchant_id: str,
    program_id: str,
    draft: RuleSet | None,
    basket: Basket,
    at_ms: int,
    member_id: str | None = None,
) -> Tried:
    """Without a member the sample is somebody's who enrols with it. Nothing is written.

    Raises UnknownProgram, UnknownMember, CurrencyMismatch or PointsOutOfRange.
    """

    def read(connection: Connection) -> Tried:
        work = UnitOfWork(connection, house.vault, house.now_ms(), house.new_id)
        members = {member_id} if member_id else set()
        wants = Wants(programs={program_id}, members=members, rules_of={program_id})
        work.load(wants, lock=False)
        program = program_of(work, merchant_id, program_id)
        used = work.state.earning.campaign_used.get(program_id, {})
        member = work.state.members.get(member_id) if member_id else None

        def judged(rules: RuleSet) -> Evaluation:
            if member is None:
                moment = moment_of(at_ms, program.timezone)
                facts = MemberFacts(moment, enrolled_on=moment.day)
            else:
                with judged_by(work, program, rules, None):
                    return judge_purchase(work, program, member, basket, at_ms)
            return evaluate_purchase(rules, basket, facts, used)

        in_force = rules_of(connection, program)
        return Tried(judged(in_force), None if draft is None else judged(draft))

    return await house.ledger.run_aside(read)
