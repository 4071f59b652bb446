"""To print: a poster and a counter display that enrol, and what stands on receipts."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi.responses import Response

from backend.core.rewards import RewardState
from backend.core.roles import Permission
from backend.services.console_settings import TEXT_CHARACTERS_MAX, ChangeSettings, read_settings
from backend.services.read_rewards import list_rewards
from backend.web.card.pictures import qr_svg
from backend.web.console import frame
from backend.web.console.till_member import show
from backend.web.console.till_receipt import columns, framed
from backend.web.kit.languages import LANGUAGES, Tongue, marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

SHEETS: Final = {"poster": marked("Poster, A4"), "display": marked("Counter display, A6")}
REWARDS_SHOWN: Final = 3
KEPT: Final = marked("Kept: receipts say this from now on.")
SCAN: Final = marked("Scan to become a member")
_PLACE: Final = "/console/p/{program_id}/print"
_EXAMPLE_AMOUNT_MINOR: Final = 1250


def install(site: Site) -> None:
    site.get(_PLACE, _show, Permission.TILL)
    site.post(f"{_PLACE}/receipt", _keep, Permission.PROGRAM)
    site.get(f"{_PLACE}/{{sheet}}", _sheet, Permission.TILL)


async def _show(page: Page, status: int = 200) -> Response:
    settings = await read_settings(page.house, page.here.id)
    example = [
        *columns(page.say("Receipt"), "A-1042"),
        *columns(page.say("Total"), page.tongue.money(_EXAMPLE_AMOUNT_MINOR, page.here.currency)),
        "",
        *columns(page.say("Points earned"), "+12"),
        *columns(page.say("Points available"), page.tongue.number(112)),
    ]
    receipt = await framed(page, example, page.house.now_ms())
    return await show(
        page, "print/show.html", status,
        settings=settings, receipt=receipt, sheets=SHEETS, languages=LANGUAGES,
    )  # fmt: skip


async def _keep(page: Page) -> Response:
    head = page.form.text("head", max_length=TEXT_CHARACTERS_MAX, required=False)
    foot = page.form.text("foot", max_length=TEXT_CHARACTERS_MAX, required=False)
    if not page.form.ok:
        return await _show(page, 422)
    settings = await read_settings(page.house, page.here.id)
    changed = replace(settings, receipt_head=head, receipt_foot=foot)
    await page.house.committer.submit(ChangeSettings(page.user, page.here.id, changed))
    return page.redirect(frame.place(page, "/print"), page.say(KEPT))


async def _sheet(page: Page) -> Response:
    """One sheet, in the language asked for: that of the customers, not of who prints it."""
    kind = page.path("sheet")
    if kind not in SHEETS:
        return page.redirect(frame.place(page, "/print"))
    language = page.query("in")
    if language in LANGUAGES:
        page.tongue = Tongue(language, page.here.timezone)
    found, _ = await list_rewards(
        page.house, page.merchant_id, page.here.id, RewardState.ACTIVE.value
    )
    now_ms = page.house.now_ms()
    shown = [
        each.terms for each in found
        if not each.terms.tiers and (each.terms.until_ms is None or each.terms.until_ms > now_ms)
    ]  # fmt: skip
    shown.sort(key=lambda terms: min(step.points for step in terms.steps))
    url = page.request.url
    address = f"{url.scheme}://{url.netloc}/card/join/{page.here.id}"
    return page.render(
        "console/print/sheet.html",
        kind=kind, rewards=shown[:REWARDS_SHOWN], address=address, root=frame.place(page),
        qr=qr_svg(address, page.say(SCAN)),
    )  # fmt: skip
