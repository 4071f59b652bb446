"""The rules of a program: versions, the editor with its sample, publishing with confirmation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.core.engine.basket import Basket, Line
from backend.core.engine.rule_set import RuleSet
from backend.core.errors import MereauError, UnknownRules
from backend.core.mechanics import new_document
from backend.core.roles import Permission
from backend.core.rules_text import read_rules_text, typed
from backend.core.staff_actions import Action
from backend.services.record_action import record_action
from backend.services.rule_versions import (
    DRAFT,
    DraftRules,
    PublishRules,
    RetireRules,
    list_rules,
)
from backend.services.try_rules import Tried, try_rules
from backend.web.console import frame, rules_mechanics
from backend.web.console.rules_changes import changes_of, said_of, title_of
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

Row = dict[str, Any]
ROOT: Final = "/console/p/{program_id}/rules"
VERSION_MAX: Final = 2**31 - 1
SAMPLE_MINOR: Final = 2_500


@dataclass(frozen=True, slots=True)
class Sample:
    """What is tried: an amount, perhaps all of one category, perhaps a member's."""

    basket: Basket
    at_ms: int
    member_id: str | None


def install(site: Site) -> None:
    """Adds the pages."""
    needs = Permission.PROGRAM
    site.get(ROOT, _versions, needs)
    site.get(f"{ROOT}/edit", _editor, needs)
    site.post(f"{ROOT}/edit", _edited, needs)
    site.post(f"{ROOT}/try", _try, needs)
    site.get(f"{ROOT}/{{version}}/publish", _confirm, needs)
    site.post(f"{ROOT}/{{version}}/publish", _publish, needs)
    site.post(f"{ROOT}/{{version}}/retire", _retire, needs)


async def _versions(page: Page) -> Response:
    rows = await list_rules(page.house, page.merchant_id, page.here.id)
    in_force = next((row for row in rows if row["version"] == page.here.rules_version), None)
    document = json.loads(in_force["document"]) if in_force else None
    return await frame.render(
        page, "rules.html", versions=rows, in_force=in_force, said=said_of(page, document),
        own=(page.here.earn_points, page.here.earn_per_amount_minor),
    )  # fmt: skip


async def _editor(page: Page) -> Response:
    """A version's document, the newest one, or a new one."""
    rows = await list_rules(page.house, page.merchant_id, page.here.id)
    wanted = page.query("version")
    row = next((one for one in rows if str(one["version"]) == wanted), None)
    if wanted and row is None:
        raise UnknownRules("The program has no such version of its rules.")
    row = row or (rows[0] if rows else None)
    document = json.loads(row["document"]) if row else new_document(page.here.currency)
    return await edit(page, typed(document), row["version"] if row else None)


async def edit(
    page: Page, text: str, version: int | None = None, status: int = 200, note: str = ""
) -> Response:
    """The editor with this text."""
    read = read_rules_text(text)
    sample = _sample(page) if page.form.values else _first_sample(page)
    tried, refusal = await _tried(page, read.rules, sample)
    return await frame.render(
        page, "rules_edit.html", status, text=text, version=version, read=read, tried=tried,
        refusal=refusal, note=note, forms=rules_mechanics.forms(page, read.document or {}),
        weekdays=rules_mechanics.WEEKDAY_NAMES,
    )  # fmt: skip


async def _edited(page: Page) -> Response:
    """A mechanic put into the document, or the document kept as a draft."""
    text = page.form.raw("document")
    read = read_rules_text(text)
    act = page.form.raw("do")
    if act in rules_mechanics.MECHANICS:
        if read.document is None or read.rules is None:
            return await edit(page, text, status=422)
        changed = rules_mechanics.apply(page, act, read.document)
        if changed is None:
            return await edit(page, text, status=422)
        return await edit(page, typed(changed), note=page.say("It is in the document below."))
    if read.rules is None or read.document is None:
        return await edit(page, text, status=422)
    claim = page.claim(page.merchant_id, ("document",))
    try:
        made = await page.house.committer.submit(
            DraftRules(page.merchant_id, claim, page.here.id, read.document, _number)
        )
    except MereauError as refusal:
        page.form.refuse("document", page.tongue.problem(refusal))
        return await edit(page, text, status=422)
    version = msgspec.json.decode(made.body, type=int)
    return page.redirect(
        frame.place(page, f"/rules/{version}/publish"),
        page.say("Version %(version)s is kept as a draft.", version=version),
    )


def _number(row: Row) -> bytes:
    return msgspec.json.encode(row["version"])


async def _try(page: Page) -> Response:
    """The sample under what stands in the editor, and where that is wrong."""
    read = read_rules_text(page.form.raw("document"))
    tried, refusal = await _tried(page, read.rules, _sample(page))
    return page.fragment("console/rules_edit.html", "tried", read=read, tried=tried,
                         refusal=refusal)  # fmt: skip


def _first_sample(page: Page) -> Sample:
    basket = Basket(page.here.currency, SAMPLE_MINOR)
    return Sample(basket, page.house.now_ms(), None)


def _sample(page: Page) -> Sample:
    amount_minor = page.form.amount_minor("amount", page.here.currency, required=False)
    amount_minor = amount_minor or SAMPLE_MINOR
    category = page.form.raw("category")[:64]
    lines = (Line("1", amount_minor, category=category),) if category else ()
    basket = Basket(page.here.currency, amount_minor, lines)
    return Sample(basket, page.house.now_ms(), page.form.raw("member")[:64] or None)


async def _tried(page: Page, rules: RuleSet | None, sample: Sample) -> tuple[Tried | None, str]:
    """What the sample earns, or why that cannot be said."""
    if rules is not None and rules.currency != page.here.currency:
        return None, page.say(
            "The program counts in %(currency)s, the document does not.",
            currency=page.here.currency,
        )
    try:
        tried = await try_rules(
            page.house, page.merchant_id, page.here.id, rules, sample.basket, sample.at_ms,
            sample.member_id,
        )  # fmt: skip
    except MereauError as refusal:
        return None, page.tongue.problem(refusal)
    return tried, ""


async def _confirm(page: Page) -> Response:
    """What publishing changes, and what members will see, before it is done."""
    rows = await list_rules(page.house, page.merchant_id, page.here.id)
    row = _row(page, rows)
    before = next((one for one in rows if one["version"] == page.here.rules_version), None)
    after = json.loads(row["document"])
    old = json.loads(before["document"]) if before else None
    return await frame.render(
        page, "rules_publish.html", row=row, before=before, said=said_of(page, after),
        changes=changes_of(old, after), title_of=lambda rule: title_of(page, rule),
        is_draft=row["state"] == DRAFT,
    )  # fmt: skip


def _row(page: Page, rows: list[Row]) -> Row:
    wanted = page.path("version")
    for row in rows:
        if str(row["version"]) == wanted:
            return row
    raise UnknownRules("The program has no such version of its rules.")


def _version(page: Page) -> int:
    text = page.path("version")
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= VERSION_MAX:
        raise UnknownRules("The program has no such version of its rules.")
    return int(text)


async def _publish(page: Page) -> Response:
    version = _version(page)
    if not page.form.ticked("sure"):
        page.form.refuse("sure", marked("Please say that you have read this."))
        return await _confirm(page)
    await page.house.committer.submit(
        PublishRules(page.merchant_id, None, page.here.id, version, _number)
    )
    await record_action(
        page.house, page.user, Action.RULES_PUBLISHED, page.here.id, f"version {version}",
        page.here.id,
    )  # fmt: skip
    said = page.say("Version %(version)s is in force.", version=version)
    return page.redirect(frame.place(page, "/rules"), said)


async def _retire(page: Page) -> Response:
    version = _version(page)
    await page.house.committer.submit(
        RetireRules(page.merchant_id, None, page.here.id, version, _number)
    )
    await record_action(
        page.house, page.user, Action.RULES_WITHDRAWN, page.here.id, f"version {version}",
        page.here.id,
    )  # fmt: skip
    said = page.say("Version %(version)s is withdrawn.", version=version)
    return page.redirect(frame.place(page, "/rules"), said)
