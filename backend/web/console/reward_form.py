"""The form of a reward, read into its terms and filled from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from backend.core.days import span_ms
from backend.core.errors import MereauError
from backend.core.money import currency_exponent
from backend.core.operations import POINTS_MAX
from backend.core.rewards import (
    DAYS_MAX,
    STEPS_MAX,
    STOCK_MAX,
    RewardKind,
    RewardTerms,
    Window,
)
from backend.web.kit.forms import Form
from backend.web.kit.languages import marked
from backend.web.kit.page import Page

KINDS: Final = {
    "discount_amount": marked("An amount off the basket"),
    "discount_percent": marked("A percentage off the basket"),
    "product": marked("A product"),
    "service": marked("A service"),
    "experience": marked("An experience or an event"),
    "gift_card": marked("A gift card"),
    "free_delivery": marked("Free delivery"),
    "donation": marked("A donation"),
    "early_access": marked("Early access"),
    "digital_content": marked("Digital content"),
    "eco": marked("An ecological reward"),
}
WINDOWS: Final = {
    "ever": marked("ever"),
    "day": marked("a day"),
    "month": marked("a month"),
    "year": marked("a year"),
}
NOT_A_DAY: Final = marked("Please give a day.")
NOT_HTTPS: Final = marked("Please give an address that begins with https://.")
NO_STEP: Final = marked("Give at least one price in points.")
_URL: Final = re.compile(r"https://[!-~]{1,490}")
_OF_MONEY: Final = {RewardKind.DISCOUNT_AMOUNT, RewardKind.GIFT_CARD, RewardKind.DONATION}


def read_terms(page: Page) -> RewardTerms | None:
    """The terms the form says; None where they are wrong, which the form's errors say."""
    form, here = page.form, page.here
    kind = RewardKind(form.choice("kind", KINDS))
    document: dict[str, Any] = {
        "kind": kind.value,
        "title": _texts(form, "title", 200, required=True),
        "description": _texts(form, "description", 2000, required=False),
        "steps": _steps(form, kind, here.currency),
        "image_url": _url(form, "image_url"),
        "stock": _whole(form, "stock", STOCK_MAX),
        "per_member": _whole(form, "per_member", STOCK_MAX),
        "per_member_window": form.choice("window", WINDOWS, default="ever"),
        "from_ms": _day_ms(form, "from", here.timezone, last=False),
        "until_ms": _day_ms(form, "until", here.timezone, last=True),
        "tiers": form.all("tiers"),
        "voucher_days": _whole(form, "voucher_days", DAYS_MAX),
        "voucher_uses": _whole(form, "voucher_uses", 1000) or 1,
        "cancel_within_hours": form.integer("cancel_hours", 0, DAYS_MAX * 24, default=0),
        "sku": form.text("sku", max_length=128, required=False) or None,
        "charity_id": form.text("charity", max_length=64, required=False) or None,
        "content_url": _url(form, "content_url"),
        "place": form.text("place", max_length=128, required=False) or None,
        "starts_at": _moment(form, "starts_at", here.timezone),
    }
    if form.errors:
        return None
    try:
        return RewardTerms.parse(document)
    except MereauError as refusal:
        form.refuse("kind", page.tongue.problem(refusal))
        return None


def _texts(form: Form, name: str, most: int, *, required: bool) -> dict[str, str]:
    in_english, in_french = f"{name}_en", f"{name}_fr"
    english = form.text(in_english, max_length=most, required=False)
    french = form.text(in_french, max_length=most, required=required)
    if not (english or french):
        return {}
    return {"en": english or french, "fr": french or english}


def _steps(form: Form, kind: RewardKind, currency: str) -> list[dict[str, Any]]:
    """Rows with points; each is named by its place unless it has a name already."""
    found: list[dict[str, Any]] = []
    columns = [form.all(f"step_{name}") for name in ("id", "points", "value", "cash")]
    for number, (named, points, value, cash) in enumerate(zip(*columns, strict=False), 1):
        if not points:
            continue
        one = Form({"points": [points], "value": [value], "cash": [cash]})
        step: dict[str, Any] = {
            "id": named or f"step-{number}",
            "points": one.integer("points", 1, POINTS_MAX),
            "cash_minor": one.amount_minor("cash", currency, required=False),
            "value": None,
        }
        if kind in _OF_MONEY:
            step["value"] = one.amount_minor("value", currency)
        elif kind is RewardKind.DISCOUNT_PERCENT:
            step["value"] = one.integer("value", 1, 100)
        if one.errors:
            form.refuse("steps", next(iter(one.errors.values())))
        found.append(step)
    if not found:
        form.refuse("steps", NO_STEP)
    return found[:STEPS_MAX]


def _whole(form: Form, name: str, most: int) -> int | None:
    return form.integer(name, 1, most) if form.raw(name) else None


def _url(form: Form, name: str) -> str | None:
    text = form.text(name, max_length=500, required=False)
    if text and not _URL.fullmatch(text):
        form.refuse(name, NOT_HTTPS)
    return text or None


def _day_ms(form: Form, name: str, timezone: str, *, last: bool) -> int | None:
    """The beginning of a day in the program's time; of a last day, its end."""
    text = form.raw(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        begins, ends = span_ms(day, day, timezone)
    except (ValueError, OverflowError, MereauError):
        form.refuse(name, NOT_A_DAY)
        return None
    return ends if last else begins


def _moment(form: Form, name: str, timezone: str) -> str | None:
    """A moment of the program's time, as RFC 3339 has it."""
    text = form.raw(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).isoformat()
    except ValueError:
        form.refuse(name, NOT_A_DAY)
        return None


def values_of(page: Page, terms: RewardTerms) -> Mapping[str, Any]:
    """What the form shows of terms that are there."""
    digits = currency_exponent(page.here.currency)

    def day(at_ms: int | None) -> str:
        return "" if at_ms is None else page.tongue.moment(at_ms).date().isoformat()

    def major(minor: int | None) -> str:
        if not minor:
            return ""
        whole, rest = divmod(minor, 10**digits)
        return f"{whole}.{rest:0{digits}}" if digits else str(whole)

    of_money = terms.kind in _OF_MONEY
    return {
        "kind": terms.kind.value,
        "title_en": terms.title["en"],
        "title_fr": terms.title["fr"],
        "description_en": terms.description.get("en", ""),
        "description_fr": terms.description.get("fr", ""),
        "image_url": terms.image_url or "",
        "stock": terms.stock or "",
        "per_member": terms.per_member or "",
        "window": terms.per_member_window.value,
        "from": day(terms.from_ms),
        "until": day(None if terms.until_ms is None else terms.until_ms - 1),
        "tiers": list(terms.tiers),
        "voucher_days": terms.voucher_days or "",
        "voucher_uses": terms.voucher_uses,
        "cancel_hours": terms.cancel_within_hours,
        "sku": terms.sku or "",
        "charity": terms.charity_id or "",
        "content_url": terms.content_url or "",
        "place": terms.place or "",
        "starts_at": (terms.starts_at or "")[:16],
        "steps": [
            {
                "id": step.id,
                "points": step.points,
                "value": major(step.value) if of_money else step.value or "",
                "cash": major(step.cash_minor),
            }
            for step in terms.steps
        ],
    }


NOTHING: Final[Mapping[str, Any]] = {
    "kind": "discount_amount", "title_en": "", "title_fr": "", "description_en": "",
    "description_fr": "", "image_url": "", "stock": "", "per_member": "",
    "window": Window.EVER.value, "from": "", "until": "", "tiers": [], "voucher_days": "60",
    "voucher_uses": 1, "cancel_hours": 24, "sku": "", "charity": "", "content_url": "",
    "place": "", "starts_at": "", "steps": [],
}  # fmt: skip
