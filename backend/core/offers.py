"""Offers and progress: what rules hold for a member now, and what is missing to the next award."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from backend.core.engine.conditions import Scope, parse_when
from backend.core.engine.conditions_member import MEMBER
from backend.core.engine.conditions_time import TIME
from backend.core.engine.context import Context
from backend.core.engine.counters import Milestone, Stamps, Streak, standing_total
from backend.core.engine.effects import Award
from backend.core.engine.reading import Reading
from backend.core.engine.rule import Rule
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts
from backend.core.engine.windows import window_number

_WITHOUT_BASKET: Final = frozenset({*MEMBER, *TIME})
_COMBINATORS: Final = frozenset({"any", "all", "not"})


@dataclass(frozen=True, slots=True)
class Offer:
    """A rule that would apply to the member now, were the rest true as well.

    `event` is what sets it off, `earn`, `lines` and `requires` are the document's own words;
    `requires` is what depends on the purchase or event. `last_day` is None without an end.
    """

    rule: str
    title: Mapping[str, str]
    event: str
    earn: Mapping[str, Any]
    lines: Mapping[str, Any] | None
    requires: Mapping[str, Any]
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the member is on the way to a rule's next award: `done` of `goal`, in `unit`."""

    rule: str
    title: Mapping[str, str]
    unit: str
    done: int
    goal: int
    points: int
    reward: str | None

    @property
    def missing(self) -> int:
        return self.goal - self.done


def offers_now(
    rules: RuleSet, facts: MemberFacts, campaign_used: Mapping[str, int]
) -> tuple[Offer, ...]:
    """Rules within their days and budget whose conditions on member and moment hold; what the
    calendar gives is nothing to act on, so it is left out."""
    context = Context(facts, rules.segments)
    return tuple(
        _offer(rule, words, *_parted(words.get("when", {})))
        for rule, words in _with_words(rules)
        if not rule.trigger.scheduled
        and rule.first_day <= context.day <= rule.last_day
        and _left(rules, rule, campaign_used)
        and not _given(rule, context)
        and _holds(rules, _parted(words.get("when", {}))[0], context)
    )


def progress_of(rules: RuleSet, facts: MemberFacts) -> tuple[Progress, ...]:
    """Every stamp card, milestone and streak of the rules that are within their days."""
    context = Context(facts, rules.segments)
    found = []
    for rule, words in _with_words(rules):
        if not rule.first_day <= context.day <= rule.last_day:
            continue
        place = _place(rule, context)
        if place is not None:
            unit, done, goal, award = place
            title = _title(words)
            found.append(Progress(rule.id, title, unit, done, goal, award.points, award.reward))
    return tuple(found)


def _place(rule: Rule, context: Context) -> tuple[str, int, int, Award] | None:
    """Unit, done, goal and what it gives; None for no counter, or one with nothing more to give."""
    standing, effect = context.standing, rule.effect
    if isinstance(effect, Stamps):
        key, full = effect.keys(rule.id, context)
        if not effect.repeat and standing.given.get(rule.id, "") >= full:
            return None
        unit = "minor" if effect.per == "amount" else "stamps"
        return unit, standing.stamps.get(key, 0), effect.size, effect.award
    if isinstance(effect, Milestone):
        total = standing_total(standing, effect.of)
        reached = max(effect.marks(total), int(standing.given.get(rule.id, "0")))
        if not effect.every and reached >= len(effect.at):
            return None
        unit = "minor" if effect.of == "spend_minor" else effect.of
        return unit, total, effect.mark(reached + 1), effect.award
    if isinstance(effect, Streak):
        last, run = standing.streaks.get(rule.id, (0, 0))
        if window_number(effect.every, context.day) > last + 1:
            run = 0
        if run >= effect.length and not effect.repeat:
            return None
        return f"{effect.every}s", run % effect.length, effect.length, effect.award
    return None


def _offer(
    rule: Rule, words: Mapping[str, Any], _: Mapping[str, Any], requires: Mapping[str, Any]
) -> Offer:
    return Offer(
        rule=rule.id,
        title=_title(words),
        event=rule.trigger.event,
        earn=words["earn"],
        lines=words.get("lines"),
        requires=requires,
        last_day=None if rule.last_day == date.max else rule.last_day,
    )


def _with_words(rules: RuleSet) -> Iterator[tuple[Rule, Mapping[str, Any]]]:
    """The rules, each with what the document says of it."""
    words = {item["id"]: item for item in rules.document.get("rules", ())}
    for rule in sorted(rules.rules, key=lambda rule: rule.precedence):
        yield rule, words[rule.id]


def _parted(when: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of a condition can be asked without a basket, and what cannot."""
    askable = {name: value for name, value in when.items() if _is_askable(name, value)}
    return askable, {name: value for name, value in when.items() if name not in askable}


def _is_askable(name: str, value: Any) -> bool:
    if name not in _COMBINATORS:
        return name in _WITHOUT_BASKET
    parts = value if isinstance(value, list) else [value]
    return all(_is_askable(each, inner) for part in parts for each, inner in part.items())


def _holds(rules: RuleSet, when: Mapping[str, Any], context: Context) -> bool:
    if not when:
        return True
    scope = Scope("purchase", frozenset(rules.segments.conditions))
    return parse_when(Reading(when), scope)(context)


def _left(rules: RuleSet, rule: Rule, campaign_used: Mapping[str, int]) -> bool:
    if rule.campaign is None:
        return True
    return campaign_used.get(rule.campaign, 0) < rules.campaigns[rule.campaign].budget_points


def _given(rule: Rule, context: Context) -> bool:
    occasion = rule.occasion(context)
    return bool(occasion) and context.standing.given.get(rule.id) == occasion


def _title(words: Mapping[str, Any]) -> dict[str, str]:
    title = words.get("title")
    if isinstance(title, Mapping):
        return {str(language): str(text) for language, text in title.items()}
    return {"en": title if isinstance(title, str) else str(words["id"]).replace("_", " ")}
