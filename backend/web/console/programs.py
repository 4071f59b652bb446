"""A new program from a template; what a program's contract holds it to."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.core.engine.rule_set import RuleSet
from backend.core.errors import MereauError
from backend.core.limits import PER_DAY_MAX as NO_DAY_LIMIT
from backend.core.limits import SUPPLY_CAP_MAX as NO_CAP
from backend.core.limits import Limits as OnChainLimits
from backend.core.roles import Permission
from backend.core.staff_actions import Action
from backend.ledger.group_commit import Claim
from backend.ledger.loading import ProgramState
from backend.services.create_program import CreateProgram, ProgramTerms
from backend.services.program_rules import (
    PER_DAY_MAX,
    SUPPLY_CAP_MAX,
    Expiry,
    Limits,
    ProgramRules,
    Terms,
)
from backend.services.read_program import standings_of
from backend.services.record_action import record_action
from backend.services.rule_versions import DraftRules, PublishRules
from backend.web.console import frame
from backend.web.console.rules_changes import said_of
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

NEW: Final = "/console/programs/new"
PLAIN: Final = "plain"
CURRENCIES: Final = ("EUR", "CHF", "GBP", "USD", "CAD")
EXPIRIES: Final = {
    "3x4": marked("After 12 to 15 months, at the end of a quarter"),
    "6x2": marked("After 12 to 18 months, at the end of a half-year"),
    "12x1": marked("After 12 to 24 months, at the end of a year"),
    "12x2": marked("After 24 to 36 months, at the end of a year"),
    "1x4": marked("After 4 to 5 months, at the end of a month"),
    "0x0": marked("Never"),
}
TITLES: Final = {
    "bakery_stamps": marked("Bakery: the tenth loaf is free"),
    "cafe_tenth_visit": marked("Café: every tenth visit, five weeks in a row"),
    "fashion_tiers": marked("Fashion: silver and gold, points that wait for the return period"),
    "restaurant_happy_hour": marked("Restaurant: happy hour, late nights, birthdays"),
    "subscription_club": marked("Subscription club: points for every month, more for years"),
    "supermarket_cagnotte": marked("Supermarket: a pot of money, more on the own brand"),
}
HOLD_SECONDS: Final = 15 * 60
_TEMPLATES: Final = Path(__file__).resolve().parents[3] / "examples" / "programs"


def install(site: Site) -> None:
    """Adds the pages."""
    site.get(NEW, _show_new, Permission.PROGRAM)
    site.post(NEW, _create, Permission.PROGRAM)
    site.get("/console/p/{program_id}/program", _settings, Permission.PROGRAM)


@cache
def templates() -> dict[str, dict[str, Any]]:
    """The examples' documents by name; none where the examples are not installed."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_TEMPLATES.glob("*.json"))
    }


async def _show_new(page: Page) -> Response:
    return await _new(page)


async def _new(page: Page, status: int = 200) -> Response:
    said = {name: said_of(page, document) for name, document in templates().items()}
    return await frame.render(
        page, "program_new.html", status, said=said, plain=PLAIN,
        titles={name: page.say(TITLES[name]) if name in TITLES else document.get("title", name)
                for name, document in templates().items()},
        currencies=[(each, each) for each in CURRENCIES],
        expiries=[(key, page.say(text)) for key, text in EXPIRIES.items()],
    )  # fmt: skip


async def _create(page: Page) -> Response:
    chosen = page.form.choice("template", (*templates(), PLAIN), default=PLAIN)
    terms = _terms(page)
    if not page.form.ok or terms is None:
        return await _new(page, 422)
    document = None
    if chosen != PLAIN:
        document = {**templates()[chosen], "currency": terms.currency}
        RuleSet.parse(document)
    claim = page.claim(page.merchant_id, tuple(sorted(page.form.values)))
    made = await page.house.committer.submit(
        CreateProgram(page.merchant_id, claim, terms, _program_id)
    )
    program_id = msgspec.json.decode(made.body, type=str)
    if document is not None:
        drafted = await page.house.committer.submit(
            DraftRules(page.merchant_id, _further(claim, "rules"), program_id, document, _number)
        )
        version = msgspec.json.decode(drafted.body, type=int)
        await page.house.committer.submit(
            PublishRules(page.merchant_id, _further(claim, "publish"), program_id, version, _number)
        )
    if not made.replayed:
        await record_action(
            page.house, page.user, Action.PROGRAM_CREATED, program_id, chosen, program_id
        )
    return page.redirect(f"/console/p/{program_id}/program", page.say("The program is made."))


def _terms(page: Page) -> ProgramTerms | None:
    """What the form asks for; None, and what is wrong beside its field, where it cannot be."""
    form = page.form
    name, symbol = form.text("name", max_length=60), form.text("symbol", max_length=11).upper()
    currency = form.choice("currency", CURRENCIES)
    points = form.integer("points", 1, 1_000_000)
    per_minor = form.amount_minor("amount", currency)
    months, periods = form.choice("expiry", tuple(EXPIRIES)).split("x")
    notice_days = form.integer("notice", 1, 3650, default=30)
    cap = form.integer("cap", 0, SUPPLY_CAP_MAX, default=0)
    minted = form.integer("minted", 0, PER_DAY_MAX, default=0)
    debited = form.integer("debited", 0, PER_DAY_MAX, default=0)
    uri, digest = form.text("terms_uri", max_length=500, required=False), form.raw("terms_hash")
    if not form.ok:
        return None
    try:
        return ProgramTerms(
            name, symbol, currency, points, per_minor, HOLD_SECONDS,
            ProgramRules(
                expiry=Expiry(int(months), int(periods), form.raw("timezone") or "UTC"),
                limits=Limits(cap or None, minted or None, debited or None),
                signed_only=form.ticked("signed_only"),
                notice_days=notice_days,
                terms=Terms(uri, digest.lower()) if uri or digest else None,
            ),
        )  # fmt: skip
    except MereauError as refusal:
        form.refuse(_FIELD.get(refusal.code, "name"), page.tongue.problem(refusal))
        return None


_FIELD: Final = {
    "rule_invalid": "amount",
    "timezone_unknown": "timezone",
    "terms_invalid": "terms_hash",
    "invalid_request": "symbol",
}


def _further(claim: Claim, step: str) -> Claim:
    """A later step of a form that is done once."""
    return Claim(claim.merchant_id, f"{claim.key}-{step}", claim.fingerprint)


def _program_id(program: ProgramState) -> bytes:
    return msgspec.json.encode(program.id)


def _number(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(row["version"])


async def _settings(page: Page) -> Response:
    """What the contract holds the program to, and how each of it is changed."""
    seen = (await standings_of(page.house, [page.here.id])).get(page.here.id)
    standing = seen.standing if seen else None
    values: dict[str, Any] = {
        "standing": standing,
        "now": shown_limits(standing.limits) if standing else own_limits(page.here),
        "later": (
            shown_limits(standing.announced_limits) if standing and standing.limits_from_s else None
        ),
        "has_terms": standing is not None and int(standing.terms.hash, 16) != 0,
    }
    if page.by_script:
        return page.fragment("console/program.html", "deployed", **values)
    return await frame.render(page, "program.html", **values)


def shown_limits(limits: OnChainLimits) -> dict[str, int | None]:
    """A limit at its field's maximum is none."""
    cap, minted, debited = (
        limits.supply_cap_points, limits.mint_per_day_points, limits.debit_per_day_points,
    )  # fmt: skip
    return {
        "cap": None if cap == NO_CAP else cap,
        "minted": None if minted == NO_DAY_LIMIT else minted,
        "debited": None if debited == NO_DAY_LIMIT else debited,
    }


def own_limits(program: ProgramState) -> dict[str, int | None]:
    """As the program was created, before its contract was ever read."""
    return {
        "cap": program.supply_cap_points,
        "minted": program.mint_per_day_points,
        "debited": program.debit_per_day_points,
    }
