"""Judging: what a purchase or an event earns a member under the rules in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from functools import lru_cache
from typing import Any, Final

from backend.core.engine.basket import Basket
from backend.core.engine.evaluate import evaluate_event, evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.outcome import Evaluation
from backend.core.engine.past import with_past_purchase
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import EMPTY, MemberFacts, Standing
from backend.core.errors import PointsOutOfRange
from backend.core.operations import POINTS_MAX
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.rule_sets import base_rules
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.judge_tier import status_of

Row = Mapping[str, Any]


_ANYBODY: Final = MemberFacts(Moment.at(0, "UTC"))
moment_of: Final = lru_cache(maxsize=20_000)(Moment.at)
"""`Moment.at`, remembered: a request asks more than once, and a member's enrolment never moves."""


def judge_purchase(
    work: UnitOfWork, program: ProgramState, member: MemberState, basket: Basket, at_ms: int
) -> Evaluation:
    """What the basket earns, judged as of when it was bought; raises PointsOutOfRange."""
    rules = work.state.earning.rules[program.id]
    facts = facts_of(work, program, member, rules, at_ms)
    used = work.state.earning.campaign_used.get(program.id, {})
    return _in_range(member, evaluate_purchase(rules, basket, facts, used))


@contextmanager
def judged_by(
    work: UnitOfWork, program: ProgramState, rules: RuleSet, version: int | None
) -> Iterator[None]:
    """Within it the program's purchases are judged by these rules instead of those in force."""
    earning = work.state.earning
    in_force = earning.rules[program.id], earning.rules_version[program.id]
    earning.rules[program.id], earning.rules_version[program.id] = rules, version
    try:
        yield
    finally:
        earning.rules[program.id], earning.rules_version[program.id] = in_force


def judged_at(
    work: UnitOfWork, program: ProgramState, merchant_id: str
) -> AbstractContextManager[None]:
    """Within it purchases are judged as at this merchant's tills: a partner of a coalition may
    have terms of its own."""
    own = own_terms(program, merchant_id)
    if own is None:
        return nullcontext()
    return judged_by(work, program, base_rules(*own, program.currency), None)


def own_terms(program: ProgramState, merchant_id: str) -> tuple[int, int] | None:
    """Points, and the minor units they are for, where a partner has terms of its own."""
    partner = program.partners.get(merchant_id)
    if partner is None or partner.earn_points is None or partner.earn_per_amount_minor is None:
        return None
    return partner.earn_points, partner.earn_per_amount_minor


def judge_event(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    name: str,
    attributes: Mapping[str, str | int | bool],
    at_ms: int,
) -> Evaluation:
    """What the event earns, judged as of when it happened; raises PointsOutOfRange."""
    rules = work.state.earning.rules[program.id]
    facts = facts_of(work, program, member, rules, at_ms)
    used = work.state.earning.campaign_used.get(program.id, {})
    return _in_range(member, evaluate_event(rules, name, attributes, facts, used))


def facts_of(
    work: UnitOfWork, program: ProgramState, member: MemberState, rules: RuleSet, at_ms: int
) -> MemberFacts:
    """The member at a moment, in the program's time. Rules that remember nothing ask nothing."""
    if not rules.remembers:
        return _ANYBODY
    moment = moment_of(at_ms, program.timezone)
    standing = standing_of(work, program, member)
    status = status_of(work, program, member, standing)
    return MemberFacts(
        moment,
        standing,
        enrolled_on=moment_of(member.created_at_ms, program.timezone).day,
        birthday=_birthday(work, member),
        tier=status.tier,
        labels=status.labels,
    )


def tier_of(work: UnitOfWork, program: ProgramState, member: MemberState) -> str | None:
    """The id of the tier the member has now; the program's rules are loaded."""
    return status_of(work, program, member, standing_of(work, program, member)).tier


def standing_of(work: UnitOfWork, program: ProgramState, member: MemberState) -> Standing:
    """What the program remembers; of a member whom rules never judged, what the purchases so far
    say."""
    if member.standing is not None:
        return Standing.from_json(member.standing)
    return standing_from(work.past_purchases(member), program.timezone)


def standing_from(purchases: Iterable[Row], timezone: str) -> Standing:
    """What purchases before there were rules amount to."""
    standing = EMPTY
    for row in purchases:
        day = moment_of(row["occurred_at_ms"], timezone).day
        standing = with_past_purchase(standing, day, row["amount_minor"], row["points"])
    return standing


def _birthday(work: UnitOfWork, member: MemberState) -> tuple[int, int] | None:
    if member.sealed_birthday is None:
        return None
    return month_day(work.vault.open_day(member.id, member.wrapped_key, member.sealed_birthday))


def month_day(text: str) -> tuple[int, int]:
    """(month, day) of `MM-DD`; raises ValueError for a day no year has."""
    day = date.fromisoformat(f"2000-{text}")
    return day.month, day.day


def _in_range(member: MemberState, evaluation: Evaluation) -> Evaluation:
    if member.points + member.pending_points + evaluation.points > POINTS_MAX:
        raise PointsOutOfRange("The member's balance would pass what the chain can hold.")
    return evaluation
