"""The cards of the rule editor: the common mechanics as a few fields each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from backend.core import mechanics
from backend.core.mechanics import Document
from backend.core.money import currency_exponent
from backend.core.operations import POINTS_MAX
from backend.web.kit.languages import marked
from backend.web.kit.page import Page

PERCENT_MAX: Final = 10_000
WEEKDAY_NAMES: Final = {
    "mon": marked("Mon"),
    "tue": marked("Tue"),
    "wed": marked("Wed"),
    "thu": marked("Thu"),
    "fri": marked("Fri"),
    "sat": marked("Sat"),
    "sun": marked("Sun"),
}
NOT_A_TIME: Final = marked("Please give a time, like 17:30.")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def forms(page: Page, document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the cards show at first: the mechanics as the document has them."""
    rate = _rule(document, mechanics.RATE)
    happy = _rule(document, mechanics.HAPPY_HOUR)
    birthday = _rule(document, mechanics.BIRTHDAY)
    visit = _rule(document, mechanics.NTH_VISIT)
    hours = _first(happy.get("when", {}), "hours")
    caps = document.get("caps")
    on = birthday.get("on")
    return {
        "rate": {
            "there": bool(rate),
            "points": _earn(rate).get("points", 1),
            "amount": _major(_earn(rate).get("per_minor"), page.here.currency) or "1",
            "carry": document.get("rounding") == "carry",
        },
        "happy_hour": {
            "there": bool(happy),
            "from": hours.get("from", "17:00"),
            "until": hours.get("until", "19:00"),
            "weekdays": hours.get("weekdays", mechanics.WEEKDAYS),
            "percent": _percent(happy),
        },
        "category": {"there": False, "percent": 200},
        "birthday": {
            "there": bool(birthday),
            "points": _earn(birthday).get("points", 50),
            "before": on.get("before_days", 0) if isinstance(on, dict) else 0,
        },
        "welcome": {
            "there": bool(_rule(document, mechanics.WELCOME)),
            "points": _earn(_rule(document, mechanics.WELCOME)).get("points", 20),
        },
        "nth_visit": {
            "there": bool(visit),
            "visits": _earn(visit).get("card", 10),
            "points": _earn(visit).get("points", 50 if not visit else 0),
            "reward": _earn(visit).get("reward", ""),
        },
        "tier": {
            "there": bool(mechanics.tier_levels(document)),
            "measure": _measure(document),
            "levels": _levels(page, document),
        },
        "caps": {
            "there": isinstance(caps, dict) and bool(caps),
            **{
                name: (caps.get(name, "") if isinstance(caps, dict) else "")
                for name in mechanics.CAP_WINDOWS
            },
        },
    }


def apply(page: Page, mechanic: str, document: Document) -> Document | None:
    """The document with the mechanic as the form says it; None where the form is wrong."""
    changed = MECHANICS[mechanic](page, document)
    return changed if page.form.ok else None


def _rate(page: Page, document: Document) -> Document:
    points = page.form.integer("rate_points", 1, 1_000_000)
    per_minor = page.form.amount_minor("rate_amount", page.here.currency)
    if not per_minor:
        page.form.refuse("rate_amount", marked("Please give an amount above zero."))
    carry = page.form.ticked("rate_carry")
    title = _title(document, mechanics.RATE, "Purchase", "Achat")
    return mechanics.with_rate(document, points, per_minor or 1, carry=carry, title=title)


def _happy_hour(page: Page, document: Document) -> Document:
    first, until = page.form.raw("happy_from"), page.form.raw("happy_until")
    for name, time in (("happy_from", first), ("happy_until", until)):
        if not _CLOCK.fullmatch(time):
            page.form.refuse(name, NOT_A_TIME)
    days = [day for day in mechanics.WEEKDAYS if page.form.ticked(f"happy_{day}")]
    if not days:
        page.form.refuse("happy_days", marked("Please choose at least one day."))
    percent = page.form.integer("happy_percent", 101, PERCENT_MAX)
    title = _title(document, mechanics.HAPPY_HOUR, "Happy hour", "Happy hour")
    return mechanics.with_happy_hour(document, first, until, days, percent, title)


def _category(page: Page, document: Document) -> Document:
    category = page.form.text("category_name", max_length=64)
    percent = page.form.integer("category_percent", 101, PERCENT_MAX)
    slug = mechanics.slug(category)
    if not slug:
        page.form.refuse("category_name", marked("Please give a name with letters or digits."))
    title = _title(document, mechanics.CATEGORY + slug, category, category)
    return mechanics.with_category(document, category, slug or "x", percent, title)


def _birthday(page: Page, document: Document) -> Document:
    points = page.form.integer("birthday_points", 1, POINTS_MAX)
    before = page.form.integer("birthday_before", 0, 180, default=0)
    title = _title(document, mechanics.BIRTHDAY, "Happy birthday", "Joyeux anniversaire")
    return mechanics.with_birthday(document, points, before, title)


def _welcome(page: Page, document: Document) -> Document:
    points = page.form.integer("welcome_points", 1, POINTS_MAX)
    title = _title(document, mechanics.WELCOME, "Welcome", "Bienvenue")
    return mechanics.with_welcome(document, points, title)


def _nth_visit(page: Page, document: Document) -> Document:
    visits = page.form.integer("visit_number", 2, 1_000)
    points = page.form.integer("visit_points", 0, POINTS_MAX, default=0)
    reward = page.form.text("visit_reward", max_length=64, required=False)
    if not points and not reward:
        page.form.refuse("visit_points", marked("Please give points, a reward or both."))
    title = _title(document, mechanics.NTH_VISIT, f"Visit {visits}", f"{visits}e visite")
    return mechanics.with_nth_visit(document, visits, points, reward, title)


def _tier(page: Page, document: Document) -> Document:
    measure = page.form.choice("tier_measure", mechanics.MEASURES)
    name = page.form.text("tier_name", max_length=40)
    if name and not mechanics.slug(name):
        page.form.refuse("tier_name", marked("Please give a name with letters or digits."))
    if measure == "spend":
        threshold = page.form.amount_minor("tier_threshold", page.here.currency, required=False)
    else:
        threshold = page.form.integer("tier_threshold", 0, POINTS_MAX, default=0)
    percent = page.form.integer("tier_percent", 100, PERCENT_MAX, default=100)
    return mechanics.with_tier(document, measure, name, threshold, percent)


def _caps(page: Page, document: Document) -> Document:
    caps = {
        name: page.form.integer(f"cap_{name}", 0, POINTS_MAX, default=0)
        for name in mechanics.CAP_WINDOWS
    }
    return mechanics.with_caps(document, caps)


MECHANICS: Final[Mapping[str, Callable[[Page, Document], Document]]] = {
    "rate": _rate,
    "happy_hour": _happy_hour,
    "category": _category,
    "birthday": _birthday,
    "welcome": _welcome,
    "nth_visit": _nth_visit,
    "tier": _tier,
    "caps": _caps,
}


def _title(document: Document, rule_id: str, english: str, french: str) -> Mapping[str, str]:
    """A title for a rule that is new; one that is there keeps its own."""
    if mechanics.rule_of(document, rule_id) is not None:
        return {}
    return {"en": english, "fr": french}


def _measure(document: Mapping[str, Any]) -> str:
    tiers = document.get("tiers")
    measure = tiers.get("measure") if isinstance(tiers, dict) else None
    return measure if isinstance(measure, str) else "spend"


def _levels(page: Page, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The levels' names, and from how much on."""
    in_money = _measure(document) == "spend"
    said = []
    for level in mechanics.tier_levels(document):
        threshold = level.get("threshold")
        amount = threshold if isinstance(threshold, int) else 0
        shown = page.tongue.money(amount, page.here.currency) if in_money else ""
        name = level.get("name")
        title = name.get(page.tongue.language) if isinstance(name, dict) else name
        said.append((str(title or level.get("id", "")), shown or page.tongue.number(amount)))
    return said


def _rule(document: Mapping[str, Any], rule_id: str) -> Mapping[str, Any]:
    return mechanics.rule_of(document, rule_id) or {}


def _earn(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    earn = rule.get("earn")
    return earn if isinstance(earn, dict) else {}


def _first(holder: Any, name: str) -> Mapping[str, Any]:
    items = holder.get(name) if isinstance(holder, dict) else None
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _percent(rule: Mapping[str, Any]) -> int:
    basis_points = _earn(rule).get("bp")
    return basis_points // 100 if isinstance(basis_points, int) else 200


def _major(minor: Any, currency: str) -> str:
    """The amount as a form takes it back."""
    if not isinstance(minor, int):
        return ""
    return format(Decimal(minor).scaleb(-currency_exponent(currency)).normalize(), "f")
