"""The pages' router: who may see a page, what a page says when something is refused."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from starlette.exceptions import HTTPException

from backend.core.errors import ChainSilent, InvalidInput, MereauError, NotFound
from backend.core.roles import Permission, may
from backend.ledger.group_commit import LedgerUnavailable
from backend.services.house import House
from backend.services.read_program import read_visible_program
from backend.services.sessions import members_behind, staff_behind
from backend.web.kit.assets import Assets
from backend.web.kit.forms import Form, UnreadableForm
from backend.web.kit.languages import Tongue, language_of, marked
from backend.web.kit.origin import same_origin
from backend.web.kit.page import LANGUAGE_COOKIE, MEMBER_COOKIE, STAFF_COOKIE, Page

log = logging.getLogger(__name__)

Handler = Callable[[Page], Awaitable[Response]]
Needs = Permission | Literal["member", "staff"] | None
"""Who may see a page: staff with a permission or any staff, a signed-in member, or everybody."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    # A till scans cards with the tablet's camera; nothing else is ever asked for.
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
}
_TEMPLATES: Final = Path(__file__).resolve().parents[1] / "templates"
_ZONE_OF_VISITORS: Final = "Europe/Paris"

NOT_FOUND: Final = marked("There is no such page.")
NOT_ALLOWED: Final = marked("Your role does not include this page.")
OTHER_SITE: Final = marked("This came from another site, so nothing was done.")
UNREADABLE: Final = marked("The form could not be read; nothing was done.")
TRY_AGAIN: Final = marked("The service is busy. Nothing is known to be done; please try again.")
OUR_FAILURE: Final = marked("Something failed on our side; it is logged.")


class Site:
    """Pages over one house."""

    def __init__(self, app: FastAPI, house: House) -> None:
        self.house = house
        self.assets = Assets()
        self._app = app
        app.add_route("/assets/{hash}/{name:path}", self.assets.answer, include_in_schema=False)

    @cached_property
    def _environment(self) -> Environment:
        return Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(("html", "xml", "svg")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def template(self, name: str) -> Template:
        return self._environment.get_template(name)

    def get(self, path: str, handler: Handler, needs: Needs = None) -> None:
        """Adds a page. Below a path with {program_id} the program is one that the user may see."""
        self._add(path, handler, needs, "GET")

    def post(self, path: str, handler: Handler, needs: Needs = None) -> None:
        """Adds what a form does; taken from pages of ours only."""
        self._add(path, handler, needs, "POST")

    def _add(self, path: str, handler: Handler, needs: Needs, method: str) -> None:
        async def route(request: Request) -> Response:
            answer = await self._answer(request, handler, needs)
            for name, value in _HEADERS.items():
                answer.headers.setdefault(name, value)
            return answer

        self._app.add_route(path, route, methods=[method], include_in_schema=False)

    async def _answer(self, request: Request, handler: Handler, needs: Needs) -> Response:
        page = Page(self, request, _tongue(request), Form({}))
        try:
            if request.method == "POST":
                if not same_origin(request):
                    return self.sorry(page, 403, page.say(OTHER_SITE))
                page.form = Form.parse(await request.body())
            if (refused := await self._let_in(page, needs)) is not None:
                return refused
            return await handler(page)
        except UnreadableForm:
            return self.sorry(page, 400, page.say(UNREADABLE))
        except MereauError as refusal:
            return self.sorry(page, _status(refusal), page.tongue.problem(refusal))
        except LedgerUnavailable:
            return self.sorry(page, 503, page.say(TRY_AGAIN))
        except HTTPException as refusal:
            said = NOT_FOUND if refusal.status_code == 404 else UNREADABLE
            return self.sorry(page, refusal.status_code, page.say(said))
        except Exception:
            # The net under a bug: people see a page, we see the trace.
            log.exception("unexpected failure in a page")
            return self.sorry(page, 500, page.say(OUR_FAILURE))

    async def _let_in(self, page: Page, needs: Needs) -> Response | None:
        """Finds out who asks. A page that says where to sign in, or that it is not for them."""
        cookies = page.request.cookies
        if needs == "member":
            page.member_ids = await members_behind(self.house, cookies.get(MEMBER_COOKIE, ""))
            return None if page.member_ids else self._sign_in(page, "/card/sign-in")
        if needs is None:
            return None
        page.staff = await staff_behind(self.house, cookies.get(STAFF_COOKIE, ""))
        if page.staff is None:
            return self._sign_in(page, "/sign-in")
        if needs != "staff" and not may(page.staff.rights, needs):
            return self.sorry(page, 403, page.say(NOT_ALLOWED))
        if program_id := page.request.path_params.get("program_id"):
            page.program = await read_visible_program(self.house, page.merchant_id, program_id)
            page.tongue = Tongue(page.tongue.language, page.program.timezone)
        return None

    def _sign_in(self, page: Page, path: str) -> Response:
        after = page.request.url.path if page.request.method == "GET" else ""
        return page.redirect(f"{path}?after={quote(after)}" if after else path)

    def sorry(self, page: Page, status: int, why: str) -> Response:
        """A page that says what is wrong; for HTMX, the sentence alone, shown on the page."""
        if page.by_script:
            answer = page.fragment("sorry.html", "alert", status, why=why, status=status)
            answer.headers["HX-Retarget"] = "#alerts"
            answer.headers["HX-Reswap"] = "innerHTML"
            return answer
        title = HTTPStatus(status).phrase
        return page.render("sorry.html", status, why=why, status=status, title=title)


def _status(refusal: MereauError) -> int:
    if isinstance(refusal, NotFound):
        return 404
    if isinstance(refusal, ChainSilent):
        return 503
    return 422 if isinstance(refusal, InvalidInput) else 409


def _tongue(request: Request) -> Tongue:
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    accepted = request.headers.get("accept-language", "")
    return Tongue(language_of(chosen, accepted), _ZONE_OF_VISITORS)
