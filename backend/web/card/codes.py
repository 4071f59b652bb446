"""One-time codes on the card's pages: ask for one, type it, and go on with what it was for."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.responses import Response

from backend.core.contact import CODE_DIGITS, CODE_MS, Channel
from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.people_errors import CodeOver, CodeWrong, TooManyCodes
from backend.services.check_code import ProvedAddress, check_code
from backend.services.send_code import Purpose, send_code
from backend.web.card.mails import code_message
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site
from backend.web.rate import Rate

CODE_COOKIE: Final = "mereau_code"
CALLER_BURST: Final = 30
CALLER_PER_MINUTE: Final = 20
"""Of one caller: a shop's network has many phones behind one address."""
TOO_MANY: Final = marked("Too many tries. Please wait a minute.")
NOT_AN_ADDRESS: Final = marked(
    "Please give an e-mail address, or a phone number with its country code like +33 6 12 34 56 78."
)
NO_SMS: Final = marked("Codes cannot be sent by SMS here. Please give an e-mail address.")
NO_MAIL: Final = marked("Codes cannot be sent by e-mail here. Please give a phone number.")

Finish = Callable[[Page, ProvedAddress], Awaitable[Response]]
"""What is done once a code was right."""


@dataclass(slots=True)
class Codes:
    """Sends codes and checks them; `finish` says what follows, by purpose."""

    site: Site
    finish: dict[str, Finish] = field(default_factory=dict)
    _callers: Rate = field(init=False)

    def __post_init__(self) -> None:
        house = self.site.house
        self._callers = Rate(
            lambda: house.now_ms() // 60, burst=CALLER_BURST, per_second=CALLER_PER_MINUTE
        )

    def install(self) -> None:
        self.site.get("/card/code", _ask)
        self.site.post("/card/code", self._check)

    async def start(
        self,
        page: Page,
        purpose: Purpose,
        to: Identifier,
        context: Mapping[str, Any],
        where: str = "",
        member_id: str | None = None,
    ) -> Response:
        """Sends a code and asks for it. The answer says nothing of who is known."""
        if not self._allows(page):
            return self.site.sorry(page, 429, page.say(TOO_MANY))
        compose = code_message(page, to, where)
        try:
            token = await send_code(page.house, purpose, to, context, compose, member_id)
        except TooManyCodes as refusal:
            return self.site.sorry(page, 429, page.tongue.problem(refusal))
        page.remember(CODE_COOKIE, token, CODE_MS // 1000)
        return page.redirect("/card/code")

    async def _check(self, page: Page) -> Response:
        if not self._allows(page):
            return self.site.sorry(page, 429, page.say(TOO_MANY))
        digits = re.sub(r"[\s-]", "", page.form.raw("code"))
        token = page.request.cookies.get(CODE_COOKIE, "")
        try:
            if len(digits) != CODE_DIGITS or not digits.isdecimal():
                raise CodeWrong("A code has six digits.")
            proved = await check_code(page.house, token, digits)
        except (CodeWrong, CodeOver) as refusal:
            page.form.refuse("code", page.tongue.problem(refusal))
            return page.render("card/code.html", 409, over=isinstance(refusal, CodeOver))
        page.remember(CODE_COOKIE, "", 0)
        return await self.finish[proved.purpose](page, proved)

    def _allows(self, page: Page) -> bool:
        caller = page.request.client.host if page.request.client else ""
        return self._callers.take(caller, 1)


async def _ask(page: Page) -> Response:
    if CODE_COOKIE not in page.request.cookies:
        return page.redirect("/card/sign-in")
    return page.render("card/code.html", over=False)


def address_in(page: Page, name: str) -> Identifier | None:
    """The e-mail address or phone number in a field; None with the reason noted beside it."""
    text = page.form.text(name, max_length=254)
    if not text:
        return None
    kind = IdentifierKind.EMAIL if "@" in text else IdentifierKind.PHONE
    channel = Channel.EMAIL if kind is IdentifierKind.EMAIL else Channel.SMS
    try:
        found = Identifier.parse(kind, text)
    except IdentifierInvalid:
        page.form.refuse(name, NOT_AN_ADDRESS)
        return None
    if channel not in page.house.channels:
        page.form.refuse(name, NO_SMS if channel is Channel.SMS else NO_MAIL)
        return None
    return found
