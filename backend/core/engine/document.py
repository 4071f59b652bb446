"""Reading a whole rules document, format 1."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from backend.core.canonical import canonical_json
from backend.core.engine.basis import BasisTerms
from backend.core.engine.caps import Campaign, Limits, Margin, span
from backend.core.engine.conditions import Condition, Scope, parse_when
from backend.core.engine.conditions_time import weekdays_of
from backend.core.engine.effect_reading import parse_effect
from backend.core.engine.effects import BONUSES, COUNTERS, RATES
from backend.core.engine.reading import Reading, one_of
from backend.core.engine.rule import PRIORITY, STAGES, TIER_RULE, PendingTerms, Rule, titled
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.schedule import PURCHASE, Trigger
from backend.core.engine.sections import SECTIONS, parse_section
from backend.core.engine.segments import parse_segments
from backend.core.engine.selection import Selector, SelectorIndex
from backend.core.engine.windows import WINDOWS
from backend.core.errors import CurrencyUnknown
from backend.core.money import currency_exponent

RULES_MAX: Final = 500
CAMPAIGNS_MAX: Final = 200
_MEMBERS: Final = (
    "format", "title", "unit", "currency", "rounding", "basis", "rules", "groups", "segments",
    "rfm", "campaigns", "caps", "pending", *SECTIONS,
)  # fmt: skip
_RULE: Final = (
    "id", "title", "on", "earn", "when", "lines", "from", "until", "priority", "group",
    "stackable", "once", "limits", "campaign", "pending",
)  # fmt: skip


def parse_document(value: object) -> RuleSet:
    """The rules of a document; raises RuleInvalid, whose fact `pointer` says where."""
    document = Reading(value)
    document.fields(*_MEMBERS)
    document.get("format", lambda item: item.integer(1, 1))
    if document.has("title"):
        document.child("title").text()
    rounding = document.get("rounding", one_of("floor", "carry"), "floor")
    rules = RuleSet(
        currency=document.get("currency", _currency),
        hash="",
        document=dict(document.fields(*_MEMBERS)),
        unit=document.get("unit", one_of("points", "money"), "points"),
        carries=rounding == "carry",
        basis=document.get("basis", BasisTerms.parse, BasisTerms()),
        best_groups=_best_groups(document),
        segments=parse_segments(document),
        campaigns=_campaigns(document),
        caps=_caps(document),
        margin=_margin(document),
        pending=document.get("pending", PendingTerms.parse, None),
        sections={
            name: parse_section(name, document.child(name))
            for name in SECTIONS
            if document.has(name)
        },
    )
    return _with_rules(rules, document)


def document_hash(document: Reading) -> str:
    """SHA-256 (hex) of the document in canonical form.

    The order of rules, segments, campaigns and groups says nothing, so it changes nothing.
    """
    plain = dict(document.fields(*_MEMBERS))
    for name in ("rules", "segments", "campaigns", "groups"):
        items = plain.get(name)
        if isinstance(items, list):
            plain[name] = sorted(items, key=_identity)
    try:
        return sha256(canonical_json(plain)).hexdigest()
    except (TypeError, ValueError) as wrong:
        raise document.refuse("a rules document has JSON types only.") from wrong


def _identity(item: object) -> str:
    return str(item.get("id")) if isinstance(item, dict) else ""


def _currency(reading: Reading) -> str:
    currency = reading.text(3)
    try:
        currency_exponent(currency)
    except CurrencyUnknown as unknown:
        raise reading.refuse("an ISO 4217 code in capital letters is expected here.") from unknown
    return currency


def _best_groups(document: Reading) -> frozenset[str]:
    if not document.has("groups"):
        return frozenset()
    choices: dict[str, str] = {}
    for item in document.child("groups").items(100):
        item.fields("id", "choose")
        name = item.get("id", Reading.identifier)
        if name in choices:
            raise item.child("id").refuse("two groups have this id.")
        choices[name] = item.get("choose", one_of("priority", "most_points"))
    return frozenset(name for name, choice in choices.items() if choice == "most_points")


def _campaigns(document: Reading) -> dict[str, Campaign]:
    found: dict[str, Campaign] = {}
    if document.has("campaigns"):
        for item in document.child("campaigns").items(CAMPAIGNS_MAX):
            campaign = Campaign.parse(item)
            if campaign.id in found:
                raise item.child("id").refuse("two campaigns have this id.")
            found[campaign.id] = campaign
    return found


def _caps(document: Reading) -> Limits:
    return document.get("caps", lambda item: Limits.parse(item, "margin"), Limits())


def _margin(document: Reading) -> Margin | None:
    return document.child("caps").get("margin", Margin.parse, None)


def _with_rules(rules: RuleSet, document: Reading) -> RuleSet:
    policy = rules.sections.get("tiers")
    tiers = None if policy is None else frozenset(level.id for level in policy.levels)
    scope = Scope("purchase", frozenset(rules.segments.conditions), tiers)
    found: dict[str, Rule] = {}
    groups: dict[str, int] = {}
    for item in document.child("rules").items(RULES_MAX):
        rule = _rule(item, rules, scope, rules.selectors)
        if rule.id in found or rule.id == TIER_RULE:
            raise item.child("id").refuse("another rule has this id.")
        found[rule.id] = rule
        # Rates exclude one another line by line, bonuses as a whole: a group has one kind.
        if rule.group is not None:
            kind = min(rule.effect.phase, 1)
            if groups.setdefault(rule.group, kind) != kind:
                raise item.child("group").refuse("a group has rates or bonuses, not both.")
    ordered = tuple(sorted(found.values(), key=lambda rule: (rule.effect.phase, *rule.precedence)))
    by_event: dict[str, list[Rule]] = {}
    for rule in ordered:
        by_event.setdefault(rule.trigger.event, []).append(rule)
    return replace(
        rules,
        # Only what was read to the end is put into its canonical form: it is no deeper than that.
        hash=document_hash(document),
        rules=ordered,
        by_event={event: tuple(those) for event, those in by_event.items()},
    )


def _rule(item: Reading, rules: RuleSet, scope: Scope, selectors: SelectorIndex) -> Rule:
    item.fields(*_RULE)
    trigger = item.get("on", Trigger.parse, Trigger())
    purchase = trigger.event == PURCHASE
    effect = item.get("earn", lambda earn: parse_effect(earn, rules.currency, purchase=purchase))
    inside = scope if purchase else Scope("event", scope.segments, scope.tiers)
    selector = item.get("lines", Selector.parse, None)
    if selector is not None and not purchase:
        raise item.child("lines").refuse("an event has no lines.")
    first, last = span(item)
    campaign = item.get("campaign", Reading.identifier, None)
    if campaign is not None:
        budget = rules.campaigns.get(campaign)
        if budget is None:
            raise item.child("campaign").refuse("there is no such campaign.")
        first, last = max(first, budget.first_day), min(last, budget.last_day)
    _check_modes(item, effect.phase, trigger)
    once = item.get("once", one_of("ever", *WINDOWS), None)
    segment, condition = _when(item, inside)
    return Rule(
        id=item.get("id", Reading.identifier),
        title=titled(item),
        trigger=trigger,
        effect=effect,
        stage=STAGES[effect.phase],
        segment=segment,
        condition=condition,
        selector=None if selector is None else selectors.number(selector),
        first_day=first,
        last_day=last,
        weekdays=weekdays_of(item.child("when")),
        priority=item.get("priority", PRIORITY, 0),
        group=item.get("group", Reading.identifier, None),
        stackable=item.get("stackable", Reading.flag, True),
        once=once,
        limits=item.get("limits", Limits.parse, Limits()),
        campaign=campaign,
        pending=_pending(item, rules, purchase=purchase),
        occasional=once is not None or trigger.scheduled,
    )


def _when(item: Reading, scope: Scope) -> tuple[str | None, Condition | None]:
    """The segment that a rule is looked up by, where it is not by its lines, and the condition
    that is left to ask."""
    when = item.child("when")
    if when.value is None:
        return None, None
    condition = parse_when(when, scope)
    segments = when.get("segment", Reading.texts, frozenset())
    if len(segments) != 1 or item.has("lines"):
        return None, condition
    (segment,) = segments
    nothing_else = when.value == {"segment": [segment]}
    return segment, None if nothing_else else condition


def _check_modes(item: Reading, phase: int, trigger: Trigger) -> None:
    """What says nothing in this kind of rule is refused rather than ignored."""
    if phase == COUNTERS:
        for name in ("group", "stackable", "once"):
            if item.has(name):
                raise item.child(name).refuse("stamps, milestones and streaks have no such mode.")
    if phase == RATES and item.has("stackable"):
        raise item.child("stackable").refuse("rates exclude one another by group, line by line.")
    if trigger.scheduled and item.has("once"):
        raise item.child("once").refuse("a scheduled rule is given once per occasion anyway.")
    if trigger.scheduled and phase != BONUSES:
        raise item.child("earn").refuse("a scheduled rule earns by fixed.")


def _pending(item: Reading, rules: RuleSet, *, purchase: bool) -> PendingTerms | None:
    """The rule's own terms, none for false, or for purchases those of the program."""
    own: Any = item.child("pending").value
    if own is None:
        return rules.pending if purchase else None
    return None if own is False else PendingTerms.parse(item.child("pending"))
