"""Campaigns: planned, running and ended; new ones and ends go through a version of the rules."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.core.campaigns import (
    FOR_ABSENT,
    FOR_ALL,
    FOR_NEW,
    FOR_REGULARS,
    SEGMENT,
    TIER,
    CampaignState,
    audiences,
    with_campaign,
    without_campaign,
)
from backend.core.engine.moment import Moment
from backend.core.errors import MereauError, UnknownRules
from backend.core.mechanics import new_document, slug
from backend.core.operations import POINTS_MAX
from backend.core.roles import Permission
from backend.core.staff_actions import Action
from backend.services.read_campaigns import CampaignsRead, read_campaigns
from backend.services.record_action import record_action
from backend.services.rule_versions import DraftRules
from backend.web.console import frame
from backend.web.console.rules_changes import said_of
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

ROOT: Final = "/console/p/{program_id}/campaigns"
STATES: Final = {
    CampaignState.PLANNED: (marked("planned"), ""),
    CampaignState.RUNNING: (marked("running"), "good"),
    CampaignState.SPENT: (marked("budget used up"), "warn"),
    CampaignState.ENDED: (marked("ended"), ""),
}
AUDIENCES: Final = {
    FOR_ALL: marked("Everybody"),
    FOR_NEW: marked("New members, in their first 30 days"),
    FOR_REGULARS: marked("Regulars: three visits or more in three months"),
    FOR_ABSENT: marked("Those who have not come for 60 days"),
}
NOT_A_DAY: Final = marked("Please give a day.")


def install(site: Site) -> None:
    """Adds the pages."""
    site.get(ROOT, _list, Permission.PROGRAM)
    site.post(ROOT, _create, Permission.PROGRAM)
    site.post(f"{ROOT}/{{campaign_id}}/end", _end, Permission.PROGRAM)


async def _list(page: Page) -> Response:
    return await _listed(page, await _read(page))


async def _read(page: Page) -> CampaignsRead:
    return await read_campaigns(page.house, page.merchant_id, page.here.id)


async def _listed(page: Page, read: CampaignsRead, status: int = 200) -> Response:
    document = read.document or new_document(page.here.currency)
    said = {each.rule_id: each for each in said_of(page, read.document)}
    return await frame.render(
        page, "campaigns.html", status, campaigns=read.campaigns, reached=read.reached, said=said,
        states=STATES, audiences=_choices(page, document), today=_today(page).isoformat(),
    )  # fmt: skip


def _choices(page: Page, document: dict[str, Any]) -> list[tuple[str, str]]:
    said = []
    for key in audiences(document):
        if key in AUDIENCES:
            said.append((key, page.say(AUDIENCES[key])))
        elif key.startswith(TIER):
            said.append((key, page.say("Tier %(name)s", name=key.removeprefix(TIER))))
        else:
            said.append((key, page.say("Segment %(name)s", name=key.removeprefix(SEGMENT))))
    return said


def _today(page: Page) -> date:
    return Moment.at(page.house.now_ms(), page.here.timezone).day


async def _create(page: Page) -> Response:
    read = await _read(page)
    document = read.document or _own_terms(page)
    title = page.form.text("title", max_length=60)
    first, last = _day(page, "first"), _day(page, "last")
    if last < first:
        page.form.refuse("last", marked("The last day is before the first."))
    elif last < _today(page):
        page.form.refuse("last", marked("That day is over."))
    budget = page.form.integer("budget", 1, POINTS_MAX)
    audience = page.form.choice("audience", [key for key, _ in _choices(page, document)])
    category = page.form.text("category", max_length=64, required=False)
    earn = _earn(page)
    campaign_id = _free_id(title, document, read)
    if not campaign_id:
        page.form.refuse("title", marked("Please give a name with letters or digits."))
    if not page.form.ok:
        return await _listed(page, read, 422)
    changed = with_campaign(
        document, campaign_id, title, first, last, budget, audience, earn, category
    )
    return await _draft(page, read, changed, Action.CAMPAIGN_PUBLISHED, campaign_id)


def _own_terms(page: Page) -> dict[str, Any]:
    """A document that says what the program's own terms say, to put a campaign in."""
    document = new_document(page.here.currency)
    document["rules"][0]["earn"] |= {
        "points": page.here.earn_points,
        "per_minor": page.here.earn_per_amount_minor,
    }
    return document


def _earn(page: Page) -> dict[str, Any]:
    if page.form.choice("kind", ("multiply", "fixed")) == "multiply":
        percent = page.form.integer("percent", 101, 10_000)
        return {"kind": "multiply", "bp": percent * 100}
    return {"kind": "fixed", "points": page.form.integer("points", 1, POINTS_MAX)}


def _day(page: Page, name: str) -> date:
    try:
        return date.fromisoformat(page.form.raw(name))
    except ValueError:
        page.form.refuse(name, NOT_A_DAY)
        return date.max


def _free_id(title: str, document: dict[str, Any], read: CampaignsRead) -> str:
    """An id made of the title that no rule and no campaign has, or ever had."""
    own = slug(title)
    taken = {one.id for one in read.campaigns} | {rule["id"] for rule in document["rules"]}
    ids = [own, *(f"{own}_{number}" for number in range(2, 1_000))]
    return next((each for each in ids if own and each not in taken), "")


async def _end(page: Page) -> Response:
    read = await _read(page)
    campaign_id = page.path("campaign_id")
    if read.document is None or campaign_id not in {one.id for one in read.campaigns}:
        raise UnknownRules("There is no such campaign.")
    changed = without_campaign(read.document, campaign_id, _today(page))
    return await _draft(page, read, changed, Action.CAMPAIGN_ENDED, campaign_id)


async def _draft(
    page: Page, read: CampaignsRead, document: dict[str, Any], action: Action, campaign_id: str
) -> Response:
    """Keeps the document as a draft, and leads to the page that publishes it."""
    claim = page.claim(page.merchant_id, tuple(sorted(page.form.values)))
    try:
        made = await page.house.committer.submit(
            DraftRules(page.merchant_id, claim, page.here.id, document, _number)
        )
    except MereauError as refusal:
        page.form.refuse("title", page.tongue.problem(refusal))
        return await _listed(page, read, 422)
    version = msgspec.json.decode(made.body, type=int)
    if not made.replayed:
        await record_action(
            page.house, page.user, action, page.here.id, f"{campaign_id}: version {version}",
            page.here.id,
        )  # fmt: skip
    said = page.say("It is drafted: read what changes, and publish it.")
    return page.redirect(frame.place(page, f"/rules/{version}/publish"), said)


def _number(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(row["version"])
