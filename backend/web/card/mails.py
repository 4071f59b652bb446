"""The messages that the card's pages have sent, in the reader's language."""

from __future__ import annotations

from typing import Any

from backend.core.contact import Content
from backend.core.identifiers import Identifier, IdentifierKind
from backend.services.send_code import Compose
from backend.web.kit.languages import environment_of, marked
from backend.web.kit.page import Page

HOUSE = "Méreau"
CODE_SUBJECT = marked("%(code)s is your code")
CHANGED_SUBJECT = marked("Your address was changed")
CHANGED = marked(
    "The address of your card for %(where)s was changed, so this one opens it no more. If that was"
    " not you, tell the shop at once."
)
CODE_SMS = marked("%(code)s is your code for %(where)s. It is good for 10 minutes.")


def code_message(page: Page, to: Identifier, where: str = "") -> Compose:
    """What goes around a code: a mail as text and as plain HTML, or an SMS. Nothing in it comes
    from the request: whoever asks in somebody's name must not choose an address they then trust."""

    def compose(code: str, known_in: str) -> Content:
        place = where or known_in or HOUSE
        if to.kind is IdentifierKind.PHONE:
            return Content(to.value, page.say(CODE_SMS, code=code, where=place))
        values: dict[str, Any] = {
            **environment_of(page.tongue),
            "code": code,
            "where": place,
        }
        return Content(
            to=to.value,
            subject=page.say(CODE_SUBJECT, code=code),
            text=page.site.template("card/mail/code.txt").render(values),
            html=page.site.template("card/mail/code.html").render(values),
        )

    return compose


def changed_message(page: Page, old: Identifier, where: str) -> Content:
    """What is said to an address that was replaced."""
    said = page.say(CHANGED, where=where)
    if old.kind is IdentifierKind.PHONE:
        return Content(old.value, said)
    return Content(old.value, f"{said}\n", page.say(CHANGED_SUBJECT))
