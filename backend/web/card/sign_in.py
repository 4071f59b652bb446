"""Sign in by a one-time code, and join a program from its poster."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.identifiers import Identifier
from backend.core.people_errors import CodeOver
from backend.core.privacy import ChoicePurpose
from backend.services.check_code import ProvedAddress
from backend.services.join_program import join_program
from backend.services.read_cards import cards_known_by, program_to_join
from backend.services.sessions import SESSION_MS, close_session, open_session
from backend.web.card.codes import Codes, address_in
from backend.web.card.frame import CARD_COOKIE
from backend.web.card.privacy_words import CHOICES
from backend.web.kit.languages import Tongue, marked
from backend.web.kit.page import MEMBER_COOKIE, Page
from backend.web.kit.site import Site
from backend.web.staff.routes import local_path

NAME_MAX: Final = 80
WELCOME: Final = marked("Welcome! This is your card.")
KNOWN_ALREADY: Final = marked("You have this card already. Here it is.")
NOT_KNOWN: Final = marked("No card is known by this address any more.")


def install(site: Site, codes: Codes) -> None:
    """Adds the pages."""

    async def sign_in(page: Page) -> Response:
        to = address_in(page, "address")
        after = _place(page.form.raw("after"))
        if to is None:
            return page.render("card/sign_in.html", 422, after=after)
        return await codes.start(page, "sign_in", to, {"after": after})

    async def join(page: Page) -> Response:
        program = await program_to_join(page.house, page.path("program_id"))
        to, name = address_in(page, "address"), page.form.text("name", max_length=NAME_MAX)
        if to is None or not page.form.ok:
            return page.render("card/join.html", 422, joined=program, choices=CHOICES)
        agreed = [each.value for each in ChoicePurpose if page.form.ticked(each.value)]
        context = {"program_id": program.id, "name": name, "agreed": agreed}
        return await codes.start(page, "join", to, context, program.name)

    codes.finish["sign_in"] = _signed_in
    codes.finish["join"] = _joined
    site.get("/card/sign-in", _show_sign_in)
    site.post("/card/sign-in", sign_in)
    site.get("/card/join/{program_id}", _show_join)
    site.post("/card/join/{program_id}", join)


async def _show_sign_in(page: Page) -> Response:
    return page.render("card/sign_in.html", after=_place(page.query("after")))


async def _show_join(page: Page) -> Response:
    program = await program_to_join(page.house, page.path("program_id"))
    page.tongue = Tongue(page.tongue.language, program.timezone)
    return page.render("card/join.html", joined=program, choices=CHOICES)


async def _signed_in(page: Page, proved: ProvedAddress) -> Response:
    if not await _enter(page, proved.identifier):
        # Erased between the asking and the typing.
        raise CodeOver(page.say(NOT_KNOWN))
    return page.redirect(_place(proved.context["after"]) or "/card")


async def _joined(page: Page, proved: ProvedAddress) -> Response:
    program = await program_to_join(page.house, proved.context["program_id"])
    agreed = {ChoicePurpose(each): True for each in proved.context["agreed"]}
    name = proved.context["name"]
    made = await join_program(page.house, program, proved.identifier, name, agreed)
    await _enter(page, proved.identifier, program.id)
    return page.redirect("/card", page.say(WELCOME if made else KNOWN_ALREADY))


async def _enter(page: Page, identifier: Identifier, program_id: str | None = None) -> bool:
    """Opens a session for whoever has the address, in place of the one this browser had: another
    person's cards would be theirs to change. False where nobody has it."""
    cards = await cards_known_by(page.house, identifier)
    if not cards:
        return False
    if before := page.request.cookies.get(MEMBER_COOKIE):
        await close_session(page.house, before)
    mine = " ".join(card.member_id for card in cards)
    token = await open_session(page.house, "member", mine)
    page.remember(MEMBER_COOKIE, token, SESSION_MS["member"] // 1000)
    shown = next((each for each in cards if each.program_id == program_id), cards[0])
    page.remember(CARD_COOKIE, shown.member_id)
    return True


def _place(given: str) -> str:
    """Where to go on, if that is a page of the card."""
    path = local_path(given)
    return path if path == "/card" or path.startswith("/card/") else ""
