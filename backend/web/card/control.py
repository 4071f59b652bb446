"""Take control: a member's points under a key of their own, and the way back."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.chain.quantities import read_bytes
from backend.core.control_errors import KeyUnreadable
from backend.services import read_consent
from backend.services.read_control import ControlRead, passkeys_of_person, read_control
from backend.services.register_passkey import made_passkey, register_passkey, registration_options
from backend.services.take_control import sign_for_everything, take_by_passkey, take_by_wallet
from backend.web.card import frame
from backend.web.card.frame import Visit
from backend.web.card.signed import (
    asked_document,
    consent_in,
    host_of,
    nameless,
    signed_consent,
    spoken,
    theirs,
)
from backend.web.kit.languages import marked
from backend.web.kit.site import Site

PASSKEY_NAME: Final = marked("Points at %(program)s")


def install(site: Site) -> None:
    """Adds the page and what its forms do."""
    frame.get(site, "/card/control", _show)
    frame.get(site, "/card/control/state", _state)
    frame.post(site, "/card/control/passkey/options", spoken(_options))
    frame.post(site, "/card/control/passkey", spoken(_take_by_passkey))
    frame.post(site, "/card/control/wallet", spoken(_take_by_wallet))
    frame.post(site, "/card/control/sign-in-key", spoken(_add_passkey))
    frame.post(site, "/card/control/ask/rebind", spoken(_ask_rebind))
    frame.post(site, "/card/control/ask/{wanted}", spoken(_ask_signed_only))
    frame.post(site, "/card/control/signed-only/{wanted}", spoken(_set_signed_only))


def _seen(control: ControlRead) -> str:
    """What would have to change for the page to look different."""
    state = control.last.state.value if control.last else ""
    return f"{state}.{int(control.signed_only)}.{control.address[-6:]}"


async def _show(visit: Visit) -> Response:
    house = visit.page.house
    control = await read_control(house, visit.card)
    return visit.render(
        "control.html",
        control=control,
        seen=_seen(control),
        passkeys=await passkeys_of_person(house, theirs(visit)),
        nameless=nameless(visit.page),
        host=host_of(visit.page).name,
    )


async def _state(visit: Visit) -> Response:
    """For the page that watches: nothing while nothing changes, else the page anew."""
    control = await read_control(visit.page.house, visit.card)
    if _seen(control) == visit.page.query("seen"):
        return Response(None, 204)
    return visit.page.redirect("/card/control")


async def _options(visit: Visit) -> Response:
    page = visit.page
    name = page.say(PASSKEY_NAME, program=visit.card.program_name)
    options = await registration_options(page.house, host_of(page), theirs(visit), name)
    return page.json(options)


async def _take_by_passkey(visit: Visit) -> Response:
    page = visit.page
    made = made_passkey(host_of(page), theirs(visit), page.form.raw("made"))
    await take_by_passkey(page.house, visit.card, made, await consent_in(page.house, visit))
    return page.json({}, 202)


async def _take_by_wallet(visit: Visit) -> Response:
    page = visit.page
    address = page.form.raw("address")
    await take_by_wallet(page.house, visit.card, address, await consent_in(page.house, visit))
    return page.json({}, 202)


async def _add_passkey(visit: Visit) -> Response:
    page = visit.page
    await register_passkey(page.house, host_of(page), theirs(visit), page.form.raw("made"))
    return page.json({}, 201)


async def _ask_rebind(visit: Visit) -> Response:
    card = visit.card
    try:
        target = read_bytes(visit.page.form.raw("to").lower(), 20)
    except ValueError as failure:
        raise KeyUnreadable("The new key names no address.") from failure
    asked = await read_consent.consent_to_rebind(
        visit.page.house, card.merchant_id, card.member_id, target
    )
    return visit.page.json(asked_document(asked))


async def _ask_signed_only(visit: Visit) -> Response:
    card = visit.card
    asked = await read_consent.consent_to_signed_only(
        visit.page.house, card.merchant_id, card.member_id, signed_only=_wanted(visit)
    )
    return visit.page.json(asked_document(asked))


async def _set_signed_only(visit: Visit) -> Response:
    house = visit.page.house
    consent = await signed_consent(house, visit)
    await sign_for_everything(house, visit.card, consent, signed_only=_wanted(visit))
    return visit.page.json({}, 202)


def _wanted(visit: Visit) -> bool:
    return visit.page.path("wanted") == "on"
