"""Judging: what a purchase or an event earns a member under the rules in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

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
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.judge_tier import status_of

Row = Mapping[str, Any]


def judge_purchase(
    work: UnitOfWork, program: ProgramState, member: MemberState, basket: Basket, at_ms: int
) -> Evaluation:
    """What the basket earns, judged as of when it was bought; raises PointsOutOfRange."""
    rules = work.state.earning.rules[program.id]
    facts = facts_of(work, program, member, rules, at_ms)
    used = work.state.earning.campaign_used.get(program.id, {})
    return _in_range(member, evaluate_purchase(rules, basket, facts, used))


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
    """The member at a moment, in the program's time. Rules that remember nothing are told nothing
    but the moment."""
    moment = Moment.at(at_ms, program.timezone)
    if not rules.remembers:
        return MemberFacts(moment)
    standing = standing_of(work, program, member)
    status = status_of(work, program, member, standing)
    return MemberFacts(
        moment,
        standing,
        enrolled_on=Moment.at(member.created_at_ms, program.timezone).day,
        birthday=_birthday(work, member),
        tier=status.tier,
        labels=status.labels,
    )


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
        day = Moment.at(row["occurred_at_ms"], timezone).day
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
