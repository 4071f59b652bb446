"""The till: recognise a member, enrol one in seconds, and where to go from there."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.errors import MemberAlreadyEnrolled, MereauError, UnknownMember
from backend.core.guesses import international
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.roles import Permission
from backend.services.enrol_member import EnrolMember
from backend.services.qr_codes import card_of_qr
from backend.services.recognise_member import QR_START, recognise_member
from backend.web.console import (
    frame,
    till_asking,
    till_return,
    till_sale,
    till_spend,
    till_voucher,
)
from backend.web.console.till_member import body_of, claim, encode, show
from backend.web.kit.forms import REQUIRED
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

STORE_COOKIE: Final = "mereau_store"
NOT_FOUND: Final = marked("Nobody is known by this. Enrol them below: it takes seconds.")
KNOWN_ALREADY: Final = marked("This person is a member already: here they are.")
WELCOME: Final = marked("Enrolled. Welcome!")
GIVE_ONE: Final = marked("Give a phone number, an e-mail address or a card.")
STORE_KEPT: Final = marked("This till is now called %(store)s.")
STORE_GONE: Final = marked("This till has no name any more.")
_PLACE: Final = "/console/p/{program_id}/till"


def install(site: Site) -> None:
    """Adds the pages of the till."""
    site.get(_PLACE, _show, Permission.TILL)
    site.post(f"{_PLACE}/find", _find, Permission.TILL)
    site.post(f"{_PLACE}/enrol", _enrol, Permission.TILL)
    site.post(f"{_PLACE}/name", _name_till, Permission.TILL)
    for part in (till_sale, till_spend, till_asking, till_return, till_voucher):
        part.install(site, _PLACE)


async def _show(page: Page, status: int = 200) -> Response:
    """The first page, with what was typed and found nobody filled in below."""
    missed = page.form.raw("who")
    as_email = missed if "@" in missed else ""
    phone = missed if not as_email and missed[:1] in {"0", "+"} else ""
    card = missed if missed and not (as_email or phone) else ""
    store = page.request.cookies.get(STORE_COOKIE, "")
    return await show(
        page, "till/start.html", status,
        typed={"phone": phone, "email": as_email, "card": card}, missed=bool(missed), store=store,
    )  # fmt: skip


async def _find(page: Page) -> Response:
    text = page.form.text("who", max_length=254)
    if not page.form.ok:
        return await _show(page, 422)
    here = page.here
    try:
        member_id = await recognise_member(
            page.house, page.merchant_id, here.id, text, here.timezone
        )
    except UnknownMember:
        page.form.refuse("who", NOT_FOUND)
        return await _show(page, 404)
    except MereauError as refusal:
        page.form.refuse("who", page.tongue.problem(refusal))
        return await _show(page, 409)
    return page.redirect(frame.place(page, f"/till/m/{member_id}"))


async def _enrol(page: Page) -> Response:
    identifiers = _identifiers(page)
    if not identifiers and page.form.ok:
        page.form.refuse("phone", GIVE_ONE)
    if not page.form.ok:
        return await _show(page, 422)
    said = [f"{each.kind}={each.value}" for each in identifiers]
    command = EnrolMember.build(
        page.house.vault, page.merchant_id, claim(page, "enrol", *said), page.here.id,
        identifiers, page.house.new_address(), lambda done: encode({"id": done.member.id}),
    )  # fmt: skip
    try:
        answer = await page.house.committer.submit(command)
    except MemberAlreadyEnrolled as known:
        if member_id := known.facts.get("member_id"):
            flash = page.say(KNOWN_ALREADY)
            return page.redirect(frame.place(page, f"/till/m/{member_id}"), flash)
        page.form.refuse("phone", page.tongue.problem(known))
        return await _show(page, 409)
    except MereauError as refusal:
        page.form.refuse("card", page.tongue.problem(refusal))
        return await _show(page, 409)
    member_id = body_of(answer.body)["id"]
    return page.redirect(frame.place(page, f"/till/m/{member_id}"), page.say(WELCOME))


def _identifiers(page: Page) -> list[Identifier]:
    """What the form names the new member by; what cannot be read is said beside its field."""
    found: list[Identifier] = []
    for kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.CARD):
        text = page.form.text(kind.value, max_length=254, required=False)
        if not text:
            continue
        try:
            if text.upper().startswith(QR_START):
                found.append(card_of_qr(page.house.vault, page.here.id, text))
            else:
                text = international(text, page.here.timezone) if kind == "phone" else text
                found.append(Identifier.parse(kind, text))
        except MereauError as refusal:
            page.form.refuse(kind.value, page.tongue.problem(refusal))
    return found


async def _name_till(page: Page) -> Response:
    """The name of the till or shop, as rules and figures know it; kept in this browser."""
    store = page.form.text("store", max_length=64, required=False)
    if not page.form.ok or not store.isascii() or not (store or "x").isprintable():
        page.form.refuse("store", REQUIRED)
        return await _show(page, 422)
    page.remember(STORE_COOKIE, store, 365 * 86_400 if store else 0)
    said = page.say(STORE_KEPT, store=store) if store else page.say(STORE_GONE)
    return page.redirect(frame.place(page, "/till"), said)
