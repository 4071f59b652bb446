"""Evaluate a purchase or an event under a program's rules."""

from __future__ import annotations

from collections.abc import Mapping

from backend.core.engine.allocation import largest_remainder
from backend.core.engine.basket import Basket
from backend.core.engine.choice import Candidate, chosen
from backend.core.engine.context import NOTHING, Attribute, Context
from backend.core.engine.draft import Draft
from backend.core.engine.memory import after_event, after_purchase
from backend.core.engine.outcome import Credit, Evaluation
from backend.core.engine.rule import Rule, tier_rule
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.schedule import PURCHASE
from backend.core.engine.standing import MemberFacts
from backend.core.errors import CurrencyMismatch
from backend.core.money import Money
from backend.core.rules import BaseRule


def evaluate_purchase(
    rules: RuleSet, basket: Basket, facts: MemberFacts, campaign_used: Mapping[str, int]
) -> Evaluation:
    """What the basket earns for the member; the same input always earns the same.

    `campaign_used` are the points that each campaign has given so far. A basket of which nothing
    counts under the program's basis earns nothing and is not remembered. Raises CurrencyMismatch,
    and PointsOutOfRange when the points pass what a balance can hold.
    """
    if basket.currency != rules.currency:
        raise CurrencyMismatch(
            f"The program counts in {rules.currency}.", program_currency=rules.currency
        )
    if rules.base_rule is not None:
        return _base(rules.base_rule, basket, facts, campaign_used)
    line_basis = rules.basis.line_basis(basket)
    context = Context(facts, rules.segments, basket, line_basis)
    if not context.basis_minor:
        shown = line_basis if basket.lines else ()
        return Evaluation(
            (),
            facts.standing,
            dict(campaign_used),
            line_basis_minor=shown,
            before=facts.standing,
        )
    draft = Draft(rules, context, campaign_used)
    earning = tuple(place for place, basis in enumerate(line_basis) if basis)
    _run(draft, *_applicable(rules, PURCHASE, context, earning), earning)
    return Evaluation(
        tuple(draft.credits),
        after_purchase(draft),
        draft.campaign_used,
        tuple(draft.grants),
        context.basis_minor,
        line_basis if basket.lines else (),
        tuple(draft.notes),
        before=facts.standing,
    )


def evaluate_event(
    rules: RuleSet,
    event_name: str,
    attributes: Mapping[str, Attribute],
    facts: MemberFacts,
    campaign_used: Mapping[str, int],
) -> Evaluation:
    """What an event earns: one that was reported (review, survey, signup, profile_completed,
    referral, …) or one of the calendar (birthday, anniversary, idle, period), whose rules apply
    when they are due on the day and were not given for the occasion yet.

    An event that no rule knows earns nothing and changes nothing.
    """
    if event_name == PURCHASE or event_name not in rules.by_event:
        return Evaluation((), facts.standing, dict(campaign_used))
    context = Context(facts, rules.segments, attributes=attributes or NOTHING)
    draft = Draft(rules, context, campaign_used)
    _run(draft, *_applicable(rules, event_name, context, ()), ())
    return Evaluation(
        tuple(draft.credits),
        after_event(draft),
        draft.campaign_used,
        tuple(draft.grants),
        notes=tuple(draft.notes),
    )


def _applicable(
    rules: RuleSet, event: str, context: Context, earning: tuple[int, ...]
) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    """The rules that apply, each with the lines it is about: rates, then what is given beside
    them, then what counts over time; each list by phase and precedence."""
    found: tuple[list[Candidate], list[Candidate], list[Candidate]] = ([], [], [])
    plan = rules.plan(event, context.day)
    lines = context.basket.lines if context.basket is not None else ()
    matched: Mapping[int, tuple[int, ...]] = {}
    if lines and plan.by_selector:
        matched = rules.selectors.places(lines, earning)
    given = context.standing.given
    for rule in plan.candidates(context, matched):
        places = earning if rule.selector is None else matched[rule.selector]
        if rule.condition is not None and not rule.condition(context):
            continue
        if rule.occasional:
            occasion = rule.occasion(context)
            if occasion is None or (occasion and given.get(rule.id, "") >= occasion):
                continue
        found[rule.stage].append((rule, places))
    return found


def _run(
    draft: Draft,
    rates: list[Candidate],
    bonuses: list[Candidate],
    counters: list[Candidate],
    earning: tuple[int, ...],
) -> None:
    """Applies the rules phase by phase: rates, multipliers, bonuses, counters."""
    for rule, places in chosen(draft, rates):
        rule.effect.apply(draft, rule, places)
        if rule.occasional:
            _note(draft, rule)
    num, den = draft.rules.tier_multiplier(draft.context.tier)
    if num > den and draft.base:
        rule = tier_rule(draft.context.tier or "", num, den, draft.rules.pending)
        rule.effect.apply(draft, rule, earning)
    for rule, places in chosen(draft, bonuses):
        rule.effect.apply(draft, rule, places)
        if rule.occasional:
            _note(draft, rule)
    for rule, places in counters:
        rule.effect.apply(draft, rule, places)


def _note(draft: Draft, rule: Rule) -> None:
    """Remembers the occasion of a rule that is given once for each."""
    occasion = rule.occasion(draft.context)
    if occasion:
        draft.given[rule.id] = occasion


def _base(
    rule: BaseRule, basket: Basket, facts: MemberFacts, campaign_used: Mapping[str, int]
) -> Evaluation:
    """What is paid otherwise than with points earns, rounded down once; nothing is remembered."""
    basis_minor = basket.amount_minor - basket.paid_with_points_minor
    earned = rule.earn(Money(basis_minor, basket.currency))
    if not basket.lines:
        plain = tuple(Credit(each.rule, each.points, each.text) for each in earned.reasons)
        return Evaluation(plain, facts.standing, campaign_used, basis_minor=basis_minor)
    weights = [0 if line.voided else line.amount_minor for line in basket.lines]
    line_basis = largest_remainder(basis_minor, weights)
    credited = tuple(
        Credit(reason.rule, reason.points, reason.text, largest_remainder(reason.points, weights))
        for reason in earned.reasons
    )
    return Evaluation(
        credited,
        facts.standing,
        campaign_used,
        basis_minor=basis_minor,
        line_basis_minor=line_basis,
    )
