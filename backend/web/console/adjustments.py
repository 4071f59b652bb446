"""Points given or taken by hand: ask, approve or refuse, and who did what."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi.responses import Response

from backend.core.adjustments import NOTE_CHARACTERS_MAX, AdjustmentReason, UnknownAdjustment
from backend.core.errors import MereauError
from backend.core.operations import POINTS_MAX
from backend.core.roles import Permission
from backend.services.adjust_points import AdjustPoints, DecideAdjustment
from backend.services.console_settings import ChangeSettings, read_settings
from backend.services.read_adjustments import list_adjustments, read_adjustment
from backend.services.recognise_member import search_member
from backend.services.signed_burn import look_at_member
from backend.web.console import frame
from backend.web.console.adjustment_words import REASONS, STATES
from backend.web.console.till_member import at_till, body_of, claim, encode, form_errors, show
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

ROWS: Final = 20
POSTED: Final = marked("Done: %(points)s points are on their way to the chain.")
ASKED: Final = marked("Asked: somebody else has to approve it.")
APPROVED: Final = marked("Approved and posted.")
REFUSED: Final = marked("Refused: nothing was moved.")
BOUND_SET: Final = marked("From now on more than %(points)s points need a second person.")
_PLACE: Final = "/console/p/{program_id}/adjustments"


def install(site: Site) -> None:
    site.get(_PLACE, _show, Permission.ADJUST)
    site.post(_PLACE, _ask, Permission.ADJUST)
    # Who may raise the bound could approve alone: only whoever names the users may.
    site.post(f"{_PLACE}/bound", _set_bound, Permission.PEOPLE)
    site.post(f"{_PLACE}/{{adjustment_id}}", _decide, Permission.APPROVE)


async def _show(page: Page, status: int = 200) -> Response:
    waiting, rows, more = await list_adjustments(
        page.house, page.merchant_id, page.here.id, ROWS, page.query("after")[:64] or None
    )
    member = await at_till(page, page.query("member")) if page.query("member") else None
    settings = await read_settings(page.house, page.here.id)
    return await show(
        page, "adjustments/show.html", status,
        waiting=waiting, rows=rows, after=rows[-1]["id"] if more else None, member=member,
        bound=settings.approval_above_points, words={"reasons": REASONS, "states": STATES},
        reasons=[(code, page.say(text)) for code, text in REASONS.items()],
    )  # fmt: skip


async def _ask(page: Page) -> Response:
    """Posts it at once, or leaves it for somebody else, as the bound says."""
    form = page.form
    who = form.text("who", max_length=254)
    points = form.integer("points", 1, POINTS_MAX)
    if form.choice("way", ("give", "take")) == "take":
        points = -points
    reason = AdjustmentReason(form.choice("reason", [each.value for each in AdjustmentReason]))
    note = form.text("note", max_length=NOTE_CHARACTERS_MAX)
    if not form.ok:
        return await _show(page, 422)
    here, house = page.here, page.house
    try:
        member_id = await search_member(house, page.merchant_id, here.id, who, here.timezone)
        signed = await look_at_member(house, page.merchant_id, member_id)
        command = AdjustPoints(
            claim(page, "adjust", member_id, points, reason.value, note), page.user, here.id,
            member_id, points, reason, note, lambda done: encode({"state": done.row["state"]}),
            signed,
        )  # fmt: skip
        answer = await house.committer.submit(command)
    except MereauError as refusal:
        form.refuse("who", page.tongue.problem(refusal))
        return await _show(page, 409)
    posted = body_of(answer.body)["state"] == "posted"
    said = page.say(POSTED, points=f"{points:+}") if posted else page.say(ASKED)
    return page.redirect(frame.place(page, "/adjustments"), said)


async def _decide(page: Page) -> Response:
    """By somebody else than who asked; the service holds them to it."""
    approve = page.form.choice("way", ("approve", "refuse")) == "approve"
    if not page.form.ok:
        return form_errors(page)
    house = page.house
    row = await read_adjustment(house, page.merchant_id, page.path("adjustment_id"))
    if row["program_id"] != page.here.id:
        raise UnknownAdjustment("There is no such adjustment.")
    signed = await look_at_member(house, page.merchant_id, row["member_id"])
    command = DecideAdjustment(
        claim(page, "decide", row["id"], approve), page.user, row["id"], row["program_id"],
        row["member_id"], approve, lambda done: encode({"state": done.row["state"]}), signed,
    )  # fmt: skip
    await house.committer.submit(command)
    said = page.say(APPROVED if approve else REFUSED)
    return page.redirect(frame.place(page, "/adjustments"), said)


async def _set_bound(page: Page) -> Response:
    points = page.form.integer("bound", 0, POINTS_MAX)
    if not page.form.ok:
        return await _show(page, 422)
    settings = await read_settings(page.house, page.here.id)
    changed = replace(settings, approval_above_points=points)
    await page.house.committer.submit(ChangeSettings(page.user, page.here.id, changed))
    said = page.say(BOUND_SET, points=page.tongue.number(points))
    return page.redirect(frame.place(page, "/adjustments"), said)
