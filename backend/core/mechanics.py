"""The common mechanics as a form gives them: each is one rule, or one setting, of the document.

A mechanic keeps the id of its rule, so that changing it changes the rule and stamps stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final
from unicodedata import normalize

Document = dict[str, Any]
Title = Mapping[str, str]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RATE: Final = "base"
HAPPY_HOUR: Final = "happy_hour"
BIRTHDAY: Final = "birthday"
WELCOME: Final = "welcome"
NTH_VISIT: Final = "nth_visit"
CATEGORY: Final = "category."
MEASURES: Final = ("spend", "points", "visits")
CAP_WINDOWS: Final = ("purchase", "day", "week", "month")


SLUG_MAX: Final = 40


def slug(text: str) -> str:
    """An id's part made of a name: small letters, digits and `_`; empty where it has neither."""
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:SLUG_MAX]


def new_document(currency: str) -> Document:
    """A document with nothing but a point for each unit of the currency."""
    base: Document = {"format": 1, "currency": currency, "rules": []}
    return with_rate(base, 1, 100, carry=False, title={})


def rule_of(document: Mapping[str, Any], rule_id: str) -> Document | None:
    """The rule with this id, if the document has it."""
    rules = document.get("rules")
    found = [
        rule
        for rule in (rules if isinstance(rules, list) else [])
        if isinstance(rule, dict) and rule.get("id") == rule_id
    ]
    return found[0] if found else None


def with_rule(document: Mapping[str, Any], rule: Document) -> Document:
    """The document with this rule in the place of the one with its id, or added."""
    changed: Document = deepcopy(dict(document))
    rules = changed.setdefault("rules", [])
    ids = [each.get("id") if isinstance(each, dict) else None for each in rules]
    if rule["id"] in ids:
        place = ids.index(rule["id"])
        # What the form does not ask for stays as it was.
        rules[place] = {**rules[place], **rule}
    else:
        rules.append(rule)
    return changed


def without_rule(document: Mapping[str, Any], rule_id: str) -> Document:
    """The document without the rule."""
    changed: Document = deepcopy(dict(document))
    changed["rules"] = [
        each
        for each in changed.get("rules", [])
        if not (isinstance(each, dict) and each.get("id") == rule_id)
    ]
    return changed


def with_rate(
    document: Mapping[str, Any], points: int, per_minor: int, *, carry: bool, title: Title
) -> Document:
    """So many points for so much; with `carry` what is left of a point counts next time."""
    earn = {"kind": "rate", "points": points, "per_minor": per_minor}
    changed = with_rule(document, _titled(RATE, title, earn=earn))
    if carry:
        changed["rounding"] = "carry"
    else:
        changed.pop("rounding", None)
    return changed


def with_happy_hour(
    document: Mapping[str, Any],
    first: str,
    until: str,
    weekdays: Sequence[str],
    percent: int,
    title: Title,
) -> Document:
    """Points times `percent`/100 between two times of day, on these days; on all if none."""
    hours: Document = {"from": first, "until": until}
    if weekdays and len(weekdays) < len(WEEKDAYS):
        hours["weekdays"] = list(weekdays)
    rule = _titled(
        HAPPY_HOUR, title, when={"hours": [hours]}, earn={"kind": "multiply", "bp": percent * 100}
    )
    return with_rule(document, rule)


def with_category(
    document: Mapping[str, Any], category: str, slug: str, percent: int, title: Title
) -> Document:
    """Points times `percent`/100 on lines of a category."""
    rule = _titled(
        f"{CATEGORY}{slug}",
        title,
        lines={"category": [category]},
        earn={"kind": "multiply", "bp": percent * 100},
    )
    return with_rule(document, rule)


def with_birthday(
    document: Mapping[str, Any], points: int, before_days: int, title: Title
) -> Document:
    """Points so many days before the member's birthday."""
    on: Document | str = BIRTHDAY
    if before_days:
        on = {"event": BIRTHDAY, "before_days": before_days}
    rule = _titled(BIRTHDAY, title, on=on, earn={"kind": "fixed", "points": points})
    return with_rule(document, rule)


def with_welcome(document: Mapping[str, Any], points: int, title: Title) -> Document:
    """Points for enrolling."""
    rule = _titled(WELCOME, title, on="signup", earn={"kind": "fixed", "points": points})
    return with_rule(document, rule)


def with_nth_visit(
    document: Mapping[str, Any], visits: int, points: int, reward: str, title: Title
) -> Document:
    """Points, a reward of the catalogue or both at every so manieth visit."""
    earn: Document = {"kind": "stamps", "per": "visit", "card": visits}
    if points:
        earn["points"] = points
    if reward:
        earn["reward"] = reward
    return with_rule(document, _titled(NTH_VISIT, title, earn=earn))


def with_caps(document: Mapping[str, Any], caps: Mapping[str, int]) -> Document:
    """The most points by window; 0 takes a cap away. A cap by margin stays."""
    changed: Document = deepcopy(dict(document))
    kept = {name: value for name, value in changed.get("caps", {}).items() if name not in caps}
    kept |= {name: points for name, points in caps.items() if points}
    if kept:
        changed["caps"] = kept
    else:
        changed.pop("caps", None)
    return changed


def tier_levels(document: Mapping[str, Any]) -> list[Document]:
    """The levels of the document's tiers, as far as they can be read."""
    tiers = document.get("tiers")
    levels = tiers.get("levels") if isinstance(tiers, dict) else None
    return [each for each in levels if isinstance(each, dict)] if isinstance(levels, list) else []


def with_tier(
    document: Mapping[str, Any], measure: str, name: str, threshold: int, percent: int
) -> Document:
    """A level from so much of the measure on, with points times `percent`/100; the one with this
    name is changed. A program's first level begins its tiers: of a running year, kept with grace.
    """
    changed: Document = deepcopy(dict(document))
    tiers = changed.setdefault(
        "tiers",
        {
            "measure": measure,
            "window": {"kind": "rolling", "months": 12},
            "downgrade": {"mode": "one_step", "grace_months": 1},
            "levels": [],
        },
    )
    tiers["measure"] = measure
    level: Document = {"id": slug(name), "name": {"en": name, "fr": name}, "threshold": threshold}
    if percent > 100:
        level["multiplier"] = percent * 100
    levels = {each["id"]: each for each in tiers["levels"]}
    kept = levels.get(level["id"], {})
    if percent <= 100:
        kept = {key: value for key, value in kept.items() if key != "multiplier"}
    # A level that is there keeps its names in other languages, its benefits and its badge.
    levels[level["id"]] = {**level, **kept, **{k: level[k] for k in level if k != "name"}}
    tiers["levels"] = sorted(levels.values(), key=lambda each: int(each["threshold"]))
    return changed


def _titled(rule_id: str, title: Title, **rule: Any) -> Document:
    named = {"title": dict(title)} if title else {}
    return {"id": rule_id, **named, **rule}
