"""/dev/inbox: what a development system would have sent, to whom, newest first."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.ledger.messages import inbox
from backend.web.kit.page import Page
from backend.web.kit.site import Site

SHOWN: Final = 50


def install(site: Site) -> None:
    """Adds the page, where messages are kept instead of sent."""
    if site.house.dev_inbox:
        site.get("/dev/inbox", _show)


async def _show(page: Page) -> Response:
    vault = page.house.vault
    received = await page.house.ledger.run_aside(lambda each: inbox(each, vault, SHOWN))
    if page.by_script:
        return page.fragment("dev/inbox.html", "messages", received=received)
    return page.render("dev/inbox.html", received=received)
