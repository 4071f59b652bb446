"""What a program offers now and how far a member is: what members ask to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from backend.core.engine.context import Context
from backend.core.engine.counters import Milestone, Stamps, Streak, standing_total
from backend.core.engine.moment import Moment
from backend.core.engine.rule import Rule
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts
from backend.core.engine.windows import window_number


@dataclass(frozen=True, slots=True)
class Offer:
    """A rule that is in force; days are local and both included, None for no bound."""

    rule: str
    title: str
    event: str
    first_day: date | None
    last_day: date | None
    campaign: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a member is with a rule: `done` of `goal`, in `unit`."""

    rule: str
    title: str
    unit: str
    done: int
    goal: int


def active_offers(rules: RuleSet, moment: Moment) -> tuple[Offer, ...]:
    """The rules in force on the moment's day, by id; conditions are not asked."""
    return tuple(
        Offer(
            rule.id,
            rule.title,
            rule.trigger.event,
            None if rule.first_day == date.min else rule.first_day,
            None if rule.last_day == date.max else rule.last_day,
            rule.campaign,
        )
        for rule in sorted(rules.rules, key=lambda rule: rule.id)
        if rule.first_day <= moment.day <= rule.last_day
    )


def progress(rules: RuleSet, facts: MemberFacts) -> tuple[Progress, ...]:
    """The member's open cards, next milestones and running streaks, by id."""
    context = Context(facts, rules.segments)
    found: list[Progress] = []
    for rule in sorted(rules.rules, key=lambda rule: rule.id):
        if rule.first_day <= context.day <= rule.last_day:
            state = _progress(rule, context)
            if state is not None:
                found.append(Progress(rule.id, rule.title, *state))
    return tuple(found)


def _progress(rule: Rule, context: Context) -> tuple[str, int, int] | None:
    effect, standing = rule.effect, context.standing
    if isinstance(effect, Stamps):
        key, done = effect.keys(rule.id, context)
        if not effect.repeat and standing.given.get(rule.id, "") >= done:
            return None
        return (
            "stamps",
            standing.stamps.get(key, 0) // effect.amount_minor,
            effect.card,
        )
    if isinstance(effect, Milestone):
        total = standing_total(standing, effect.of)
        passed = max(effect.marks(total), int(standing.given.get(rule.id, 0)))
        if not effect.every and passed >= len(effect.at):
            return None
        return effect.of, total, effect.mark(passed + 1)
    if isinstance(effect, Streak):
        last, run = standing.streaks.get(rule.id, (0, 0))
        broken = window_number(effect.every, context.day) - last > 1
        if not effect.repeat and run >= effect.length and not broken:
            return None
        return f"{effect.every}s", 0 if broken else run % effect.length, effect.length
    return None
