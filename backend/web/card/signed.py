"""What the card's signing script sends and gets: JSON, with refusals in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Final

from fastapi.responses import Response

from backend.chain.quantities import read_bytes
from backend.core.control_errors import KeyUnreadable, PasskeyRefused
from backend.core.errors import ChainSilent, MereauError, NotFound
from backend.services.consent import Consent
from backend.services.house import House
from backend.services.passkeys import Host, assertion_of, read_credential
from backend.services.read_consent import ConsentAsked
from backend.services.read_control import passkeys_of_person
from backend.web.card.frame import Handler, Visit
from backend.web.kit.page import Page

_SIGNATURE: Final = re.compile(r"0x([0-9a-fA-F]{2}){65,4096}")
_LOOPBACK_NAME: Final = "localhost"


def theirs(visit: Visit) -> list[str]:
    """The members of whoever is signed in, those that others were merged into in their place."""
    return [each.member_id for each in visit.cards]


def spoken(handler: Handler) -> Handler:
    """The handler, whose refusals are JSON for the script that asked."""

    async def handle(visit: Visit) -> Response:
        try:
            return await handler(visit)
        except MereauError as refusal:
            return refused(visit.page, refusal)

    return handle


def spoken_page(
    handler: Callable[[Page], Awaitable[Response]],
) -> Callable[[Page], Awaitable[Response]]:
    """The same for somebody who is not signed in."""

    async def handle(page: Page) -> Response:
        try:
            return await handler(page)
        except MereauError as refusal:
            return refused(page, refusal)

    return handle


def refused(page: Page, refusal: MereauError) -> Response:
    status = 404 if isinstance(refusal, NotFound) else 409
    if isinstance(refusal, ChainSilent):
        status = 503
    return page.json({"problem": page.tongue.problem(refusal), "code": refusal.code}, status)


def host_of(page: Page) -> Host:
    """Where the page is open, as a browser names it. Plain HTTP counts on this machine alone."""
    url = page.request.url
    name = url.hostname or ""
    origins = [f"https://{url.netloc}"]
    if name == _LOOPBACK_NAME:
        origins.append(f"http://{url.netloc}")
    return Host(name, tuple(origins))


def nameless(page: Page) -> str | None:
    """Passkeys belong to a name: for a host that has none, the page's address under one where it
    is this machine, or nothing but the fact ("")."""
    url = page.request.url
    try:
        address = ip_address(url.hostname or "")
    except ValueError:
        return None
    if not address.is_loopback:
        return ""
    return str(url.replace(hostname=_LOOPBACK_NAME, query=""))


def asked_document(asked: ConsentAsked) -> dict[str, object]:
    """What the script checks and has signed."""
    return {
        "deadline": asked.deadline_s,
        "digest": f"0x{asked.typed_data.digest().hex()}",
        "typed_data": asked.typed_data.document(),
    }


async def consent_in(house: House, visit: Visit) -> Consent | None:
    """The signature that the form brings, a wallet's or a passkey's; None without one.

    Raises PasskeyRefused or KeyUnreadable.
    """
    form = visit.page.form
    deadline_s = form.integer("deadline", 0, 2**40, default=0)
    if signature := form.raw("signature"):
        if not _SIGNATURE.fullmatch(signature) or not form.ok:
            raise KeyUnreadable("The wallet's signature cannot be read.")
        return Consent(deadline_s, read_bytes(signature))
    if not form.raw("credential"):
        return None
    credential = read_credential(form.raw("credential"))
    for stored in await passkeys_of_person(house, theirs(visit)):
        if stored.credential_id == credential["id"]:
            return Consent(deadline_s, assertion_of(credential, stored))
    raise PasskeyRefused("This passkey is not one of yours.")


async def signed_consent(house: House, visit: Visit) -> Consent:
    """The same where there has to be one."""
    found = await consent_in(house, visit)
    if found is None:
        raise KeyUnreadable("This needs a signature of your key.")
    return found
