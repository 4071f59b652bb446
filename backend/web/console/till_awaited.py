"""A member who signs for their points is asked on their phone: the till waits, or takes it back."""

from __future__ import annotations

from typing import Any, Final

from fastapi.responses import Response

from backend.core.confirmations import ConfirmationState
from backend.core.roles import Permission
from backend.ledger.group_commit import Command
from backend.services.ask_confirmation import Ask, new_ask
from backend.services.close_claim import CancelClaim
from backend.services.read_rewards import place_of_claim
from backend.services.read_sales import read_redemption
from backend.services.redeem import CloseRedemption
from backend.web.console import frame
from backend.web.console.till_member import AtTill, claim, encode, show
from backend.web.console.till_sale import STORE_COOKIE
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

ENDED: Final = marked("Cancelled: the points are free again.")


def install(site: Site, place: str) -> None:
    site.get(f"{place}/redemption/{{redemption_id}}/wait", _look, Permission.TILL)
    site.post(f"{place}/redemption/{{redemption_id}}/cancel", _take_back, Permission.TILL)


def asking(page: Page) -> Ask:
    """The question to a member who signs for their points; nobody else is asked."""
    store = page.request.cookies.get(STORE_COOKIE, "")[:64]
    return new_ask(page.house, store or page.user.merchant_name)


async def awaited(page: Page, member: AtTill, row: dict[str, Any], after: str) -> Response:
    """Until the member has answered on their phone; then on to `after`."""
    return await show(
        page, "till/awaited.html", member=member, row=row, after=frame.place(page, after)
    )


async def _look(page: Page) -> Response:
    """How the question stands: the same again while it waits, the whole page once it does not."""
    row = await read_redemption(page.house, page.merchant_id, page.path("redemption_id"))
    after = f"/till/claim/{row['claim_id']}" if row["claim_id"] else f"/till/redemption/{row['id']}"
    if row["asked"] != ConfirmationState.WAITING:
        return page.redirect(frame.place(page, after))
    return page.fragment("console/till/awaited.html", "wait", root=frame.place(page), row=row)


async def _take_back(page: Page) -> Response:
    """The till takes its question back; the points are free again."""
    row = await read_redemption(page.house, page.merchant_id, page.path("redemption_id"))
    if row["claim_id"] is None:
        closing: Command = CloseRedemption(
            claim(page, "cancel", row["id"]), row["id"], row["program_id"], False,
            lambda done: encode({"id": done.redemption_id}),
        )  # fmt: skip
    else:
        place, _ = await place_of_claim(page.house, page.merchant_id, row["claim_id"])
        closing = CancelClaim(
            claim(page, "cancel", row["id"]), place, lambda done: encode({"id": done.claim["id"]})
        )
    await page.house.committer.submit(closing)
    back = frame.place(page, f"/till/m/{row['member_id']}/spend")
    return page.redirect(back, page.say(ENDED))
