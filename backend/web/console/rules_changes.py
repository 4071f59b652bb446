"""Rules in words: what each gives, and what changes from one document to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from backend.web.kit.languages import marked
from backend.web.kit.page import Page

Row = Mapping[str, Any]
_BASIS_POINTS: Final = 10_000
_SETTINGS: Final = (
    "currency", "unit", "rounding", "basis", "groups", "segments", "rfm", "campaigns", "caps",
    "pending", "tiers", "returns", "spend", "referral",
)  # fmt: skip
ON_EVENT: Final = {
    "signup": marked("on enrolling"),
    "birthday": marked("for the birthday"),
    "anniversary": marked("on the anniversary of enrolling"),
    "idle": marked("after a time without a visit"),
    "period": marked("at the beginning of each period"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A rule as members and merchants read it."""

    rule_id: str
    title: str
    gives: str
    when: str
    campaign: str
    reward: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a document has that the one before had not, and the other way round."""

    added: list[Row]
    changed: list[Row]
    removed: list[Row]
    settings: list[str]

    @property
    def nothing(self) -> bool:
        return not (self.added or self.changed or self.removed or self.settings)


def changes_of(before: Row | None, after: Row) -> Changes:
    """By rule and by setting; without a document before everything is new."""
    old = {rule["id"]: rule for rule in (before or {}).get("rules", [])}
    new = {rule["id"]: rule for rule in after.get("rules", [])}
    return Changes(
        added=[rule for name, rule in new.items() if name not in old],
        changed=[rule for name, rule in new.items() if name in old and old[name] != rule],
        removed=[rule for name, rule in old.items() if name not in new],
        settings=[name for name in _SETTINGS if (before or {}).get(name) != after.get(name)],
    )


def title_of(page: Page, rule: Row) -> str:
    """What members read of the rule, in the reader's language."""
    title = rule.get("title", rule["id"])
    if isinstance(title, str):
        return title
    return str(title.get(page.tongue.language) or next(iter(title.values())))


def said_of(page: Page, document: Row | None) -> list[Said]:
    """Every rule of a document that was accepted, in words."""
    if document is None:
        return []
    currency = document["currency"]
    return [
        Said(
            rule["id"],
            title_of(page, rule),
            _gives(page, rule["earn"], currency),
            _when(page, rule),
            rule.get("campaign", ""),
            rule["earn"].get("reward", ""),
        )
        for rule in document["rules"]
    ]


def _gives(page: Page, earn: Row, currency: str) -> str:
    kind = earn["kind"]
    points = earn.get("points", 0)
    award = page.tongue.say_many("%(num)s point", "%(num)s points", points) if points else ""
    if reward := earn.get("reward"):
        named = page.say("reward %(reward)s", reward=reward)
        award = f"{award} + {named}" if award else named
    if kind == "rate":
        step = page.tongue.money(earn["per_minor"], currency)
        return page.say("%(points)s per %(amount)s", points=award, amount=step)
    if kind == "percent":
        return page.say("%(share)s back", share=page.tongue.percent(earn["bp"], _BASIS_POINTS))
    if kind == "multiply":
        factor = page.tongue.number(Decimal(earn["bp"]) / _BASIS_POINTS)
        return page.say("points × %(factor)s", factor=factor)
    if kind == "per_unit":
        return page.say("%(points)s per piece", points=award)
    if kind == "stamps":
        card = page.tongue.number(earn["card"])
        return page.say("%(points)s for %(card)s stamps", points=award, card=card)
    if kind == "streak":
        length = page.tongue.number(earn["length"])
        return page.say("%(points)s for %(length)s in a row", points=award, length=length)
    if kind == "milestone":
        return page.say("%(points)s at milestones", points=award)
    return award


def _when(page: Page, rule: Row) -> str:
    said = []
    on = rule.get("on", "purchase")
    event = on if isinstance(on, str) else on["event"]
    if event in ON_EVENT:
        said.append(page.say(ON_EVENT[event]))
    elif event != "purchase":
        said.append(page.say("on %(event)s", event=event))
    said += [f"{one['from']}–{one['until']}" for one in rule.get("when", {}).get("hours", [])]
    categories = rule.get("lines", {}).get("category", [])
    said += [page.say("on %(event)s", event=category) for category in categories]
    if "from" in rule:
        said.append(page.say("from %(day)s", day=rule["from"]))
    if "until" in rule:
        said.append(page.say("until %(day)s", day=rule["until"]))
    others = set(rule.get("when", {})) - {"hours"}
    if others or rule.get("once"):
        said.append(page.say("under conditions"))
    return ", ".join(said)
