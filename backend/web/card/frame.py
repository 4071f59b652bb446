"""What stands around every page of the card: which of a person's cards it is of, the way around."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import Response

from backend.ledger.cards import HeldCard
from backend.services.read_cards import read_cards
from backend.services.sessions import close_session
from backend.web.kit.languages import Tongue, marked
from backend.web.kit.page import MEMBER_COOKIE, Page
from backend.web.kit.site import Site

CARD_COOKIE: Final = "mereau_card"
"""Which of their cards a person looks at; a member's id, and of no use to anybody else."""

ENTRIES: Final = (
    ("/card", marked("Card")),
    ("/card/rewards", marked("Rewards")),
    ("/card/history", marked("History")),
    ("/card/control", marked("Control")),
    ("/card/data", marked("My data")),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by a signed-in member: the card they look at, and all they have."""

    page: Page
    card: HeldCard
    cards: Sequence[HeldCard]

    def render(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """A page of the card in its frame: `card/<template>` extends `card/layout.html`."""
        here = self.page.request.url.path
        entries = [
            (path, label, here == path or (path != "/card" and here.startswith(f"{path}/")))
            for path, label in ENTRIES
        ]
        framed = {"card": self.card, "cards": self.cards, "entries": entries}
        return self.page.render(f"card/{template}", status, **framed, **values)


Handler = Callable[[Visit], Awaitable[Response]]


def get(site: Site, path: str, handler: Handler) -> None:
    """Adds a page for signed-in members, in the time of their card's program."""
    site.get(path, _visited(handler), "member")


def post(site: Site, path: str, handler: Handler) -> None:
    """Adds what a member's form does."""
    site.post(path, _visited(handler), "member")


def _visited(handler: Handler) -> Callable[[Page], Awaitable[Response]]:
    async def handle(page: Page) -> Response:
        cards = await read_cards(page.house, page.member_ids)
        if not cards:
            # Everything of theirs was erased: the session names nobody any more.
            return await sign_out(page)
        wanted = page.request.cookies.get(CARD_COOKIE, "")
        card = next((each for each in cards if each.member_id == wanted), cards[0])
        page.tongue = Tongue(page.tongue.language, card.timezone)
        return await handler(Visit(page, card, cards))

    return handle


async def sign_out(page: Page) -> Response:
    """Ends the session and has the browser forget the card, what it kept for offline included."""
    if token := page.request.cookies.get(MEMBER_COOKIE):
        await close_session(page.house, token)
    page.remember(MEMBER_COOKIE, "", 0)
    page.remember(CARD_COOKIE, "", 0)
    answer = page.redirect("/card/sign-in")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def install(site: Site) -> None:
    """Adds the change from one card to another, and the way out."""
    get(site, "/card/go", _go)
    site.post("/card/sign-out", sign_out)


async def _go(visit: Visit) -> Response:
    wanted = visit.page.query("card")
    if any(each.member_id == wanted for each in visit.cards):
        visit.page.remember(CARD_COOKIE, wanted)
    return visit.page.redirect("/card")
