"""Sign in to the card with a passkey: the browser offers it, nothing is typed."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.control_errors import PasskeyRefused
from backend.services.passkeys import REFUSED
from backend.services.read_cards import read_cards
from backend.services.register_passkey import subject_of
from backend.services.sessions import SESSION_MS, open_session
from backend.services.sign_in_passkey import members_of_passkey, sign_in_options
from backend.web.card.signed import host_of, spoken_page
from backend.web.kit.languages import marked
from backend.web.kit.page import MEMBER_COOKIE, Page
from backend.web.kit.site import Site
from backend.web.rate import Rate

TRIES_BURST: Final = 30
TRIES_PER_MINUTE: Final = 20
TOO_OFTEN: Final = marked("Too many tries. Please wait a minute.")


def install(site: Site) -> None:
    """Adds what the button on the sign-in page asks for."""
    tries = Rate(lambda: site.house.now_ms() // 60, burst=TRIES_BURST, per_second=TRIES_PER_MINUTE)

    async def options(page: Page) -> Response:
        caller = page.request.client.host if page.request.client else ""
        if not tries.take(caller, 1):
            return page.json({"problem": page.say(TOO_OFTEN), "code": "too_many_tries"}, 429)
        return page.json(await sign_in_options(page.house, host_of(page)))

    site.post("/card/passkey/options", spoken_page(options))
    site.post("/card/passkey/verify", spoken_page(_verify))


async def _verify(page: Page) -> Response:
    found = await members_of_passkey(page.house, host_of(page), page.form.raw("credential"))
    cards = await read_cards(page.house, found)
    if not cards:
        raise PasskeyRefused(REFUSED)
    subject = subject_of([each.member_id for each in cards])
    token = await open_session(page.house, "member", subject)
    page.remember(MEMBER_COOKIE, token, SESSION_MS["member"] // 1000)
    return page.json({})
