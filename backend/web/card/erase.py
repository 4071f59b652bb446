"""Leave a program for good: what names the person is destroyed, and what points are left end."""

from __future__ import annotations

from typing import Any, Final

from fastapi.responses import Response

from backend.core.identifiers import Identifier, IdentifierKind
from backend.services.check_code import ProvedAddress
from backend.services.close_member import CloseMember, MembershipClosed
from backend.services.find_member import read_member
from backend.services.read_balance import read_balance
from backend.services.read_cards import read_cards
from backend.services.read_offers import read_member_now
from backend.services.sessions import members_behind
from backend.services.signed_burn import look_at_member
from backend.web.card import frame
from backend.web.card.codes import Codes
from backend.web.card.frame import CARD_COOKIE, Visit
from backend.web.card.words import Amounts
from backend.web.kit.languages import marked
from backend.web.kit.page import MEMBER_COOKIE, Page
from backend.web.kit.site import Site

AGREE: Final = marked("Please tick that you agree.")
GONE: Final = marked("Your card is erased, and nothing here names you any more.")
HELD: Final = marked(
    "Points are set aside for a reward; take it or cancel it first, then erase the card."
)
_ADDRESSES: Final = (IdentifierKind.EMAIL, IdentifierKind.PHONE)


def install(site: Site, codes: Codes) -> None:
    """Adds the pages."""

    async def ask(visit: Visit) -> Response:
        page, card = visit.page, visit.card
        if not page.form.ticked("agree"):
            page.form.refuse("agree", AGREE)
            return await _page(visit, 422)
        context = {"member_id": card.member_id, "key": page.form.raw("key")[:64]}
        to = await _address_of(visit)
        if to is None:
            # Nobody to send a code to: whoever is signed in is all we know of them.
            nobody = Identifier(IdentifierKind.EXTERNAL_ID, card.member_id)
            return await _erased(page, ProvedAddress("erase", nobody, context))
        name, member_id = card.program_name, card.member_id
        return await codes.start(page, "erase", to, context, name, member_id)

    codes.finish["erase"] = _erased
    frame.get(site, "/card/erase", _show)
    frame.post(site, "/card/erase", ask)


async def _show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, status: int = 200) -> Response:
    page, card = visit.page, visit.card
    balance = await read_balance(page.house, card.merchant_id, card.member_id)
    now = await read_member_now(page.house, card.merchant_id, card.member_id)
    return visit.render(
        "erase.html",
        status,
        amounts=Amounts(page.tongue, now.unit, card.currency),
        balance=balance,
        held=page.say(HELD) if balance.held_points else "",
        to=await _address_of(visit),
    )


async def _address_of(visit: Visit) -> Identifier | None:
    """Where a code can be sent to this member."""
    page, card = visit.page, visit.card
    identity = (await read_member(page.house, card.merchant_id, card.member_id)).identity
    for kind in _ADDRESSES:
        for value in identity.get(kind.value, []):
            return Identifier(kind, str(value))
    return None


async def _erased(page: Page, proved: ProvedAddress) -> Response:
    house, member_id = page.house, proved.context["member_id"]
    cards = await read_cards(house, [member_id])
    for card in cards:
        page.form.values = {**page.form.values, "key": [proved.context["key"]]}
        command = CloseMember(
            page.claim(card.merchant_id, ("key",)),
            card.program_id,
            card.member_id,
            forfeit=True,
            erase=True,
            render=_nothing,
            signed=await look_at_member(house, card.merchant_id, card.member_id),
        )
        await house.committer.submit(command)
    page.remember(CARD_COOKIE, "", 0)
    others = await members_behind(house, page.request.cookies.get(MEMBER_COOKIE, ""))
    if await read_cards(house, others):
        return page.redirect("/card", page.say(GONE))
    answer = page.redirect("/card/sign-in", page.say(GONE))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _nothing(_: MembershipClosed | Any) -> bytes:
    return b"{}"
