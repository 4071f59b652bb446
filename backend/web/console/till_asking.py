"""A customer who signs for their points is asked on their card; the till waits for the answer."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.confirmations import ConfirmationState
from backend.core.control_errors import UnknownConfirmation
from backend.core.roles import Permission
from backend.services.ask_confirmation import Asked
from backend.services.close_claim import CancelClaim
from backend.services.read_redemption import read_redemption
from backend.services.read_rewards import place_of_claim
from backend.services.read_sales import read_redemption as read_row
from backend.services.redeem import CloseRedemption, RedemptionChanged
from backend.web.card.pictures import qr_svg
from backend.web.console import frame
from backend.web.console.till_member import at_till, claim, encode, show
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

SCAN: Final = marked("The page to confirm on")
OVER: Final = {
    ConfirmationState.REFUSED: marked("The customer refused. Their points stay as they were."),
    ConfirmationState.CANCELLED: marked("Taken back. The points are available again."),
    ConfirmationState.EXPIRED: marked("No answer in time. The points are available again."),
}


def install(site: Site, place: str) -> None:
    site.get(f"{place}/asking/{{redemption_id}}", _show, Permission.TILL)
    site.get(f"{place}/asking/{{redemption_id}}/state", _state, Permission.TILL)
    site.post(f"{place}/asking/{{redemption_id}}/stop", _stop, Permission.TILL)


def asking(redemption_id: str) -> str:
    """Where the till waits for an answer, below the program's pages."""
    return f"/till/asking/{redemption_id}"


async def _show(page: Page) -> Response:
    found, asked = await _asked(page)
    if asked.state is not ConfirmationState.WAITING:
        return await _on(page, found, asked)
    url = f"{page.request.base_url}card/confirm/{asked.id}"
    return await show(
        page,
        "till/asking.html",
        member=await at_till(page, found.member.id),
        points=found.points,
        until_ms=found.expires_at_ms,
        url=url,
        picture=qr_svg(url, page.say(SCAN)),
        here=frame.place(page, asking(found.redemption_id)),
    )


async def _state(page: Page) -> Response:
    """For the page that waits: nothing while there is no answer, else where to go on."""
    found, asked = await _asked(page)
    if asked.state is ConfirmationState.WAITING:
        return Response(None, 204)
    return await _on(page, found, asked)


async def _stop(page: Page) -> Response:
    """Takes the question back: the points are available again at once."""
    found, asked = await _asked(page)
    if asked.state is not ConfirmationState.WAITING:
        return await _on(page, found, asked)
    row = await read_row(page.house, page.merchant_id, found.redemption_id)
    stop = claim(page, "stop", found.redemption_id)
    if row["claim_id"] is None:
        await page.house.committer.submit(
            CloseRedemption(
                stop, found.redemption_id, found.program_id, False,
                lambda done: encode({"id": done.redemption_id}),
            )
        )  # fmt: skip
    else:
        place, _ = await place_of_claim(page.house, page.merchant_id, row["claim_id"])
        await page.house.committer.submit(
            CancelClaim(stop, place, lambda done: encode({"id": done.claim["id"]}))
        )
    return await _on(page, found, Asked(asked.id, ConfirmationState.CANCELLED))


async def _asked(page: Page) -> tuple[RedemptionChanged, Asked]:
    found = await read_redemption(page.house, page.merchant_id, page.path("redemption_id"))
    if found.confirmation is None or found.program_id != page.here.id:
        raise UnknownConfirmation("Nobody was asked about this.")
    return found, found.confirmation


async def _on(page: Page, found: RedemptionChanged, asked: Asked) -> Response:
    """Where an answered question leads: to what it gave, or back to the customer."""
    if asked.state is not ConfirmationState.CONFIRMED:
        back = frame.place(page, f"/till/m/{found.member.id}/spend")
        return page.redirect(back, page.say(OVER[asked.state]))
    row = await read_row(page.house, page.merchant_id, found.redemption_id)
    done = f"claim/{row['claim_id']}" if row["claim_id"] else f"redemption/{found.redemption_id}"
    return page.redirect(frame.place(page, f"/till/{done}"))
