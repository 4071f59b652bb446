"""One request for a page: who asks, in which language, and what can be answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

import msgspec
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from backend.core.roles import Permission, may
from backend.ledger.group_commit import Claim
from backend.ledger.loading import ProgramState
from backend.ledger.people import StaffRecord
from backend.services.house import House
from backend.web.kit.forms import Form
from backend.web.kit.languages import Tongue, environment_of

if TYPE_CHECKING:
    from backend.web.kit.site import Site

STAFF_COOKIE: Final = "mereau_staff"
MEMBER_COOKIE: Final = "mereau_member"
LANGUAGE_COOKIE: Final = "mereau_lang"
THEME_COOKIE: Final = "mereau_theme"
FLASH_COOKIE: Final = "mereau_flash"
_FLASH_CHARACTERS_MAX: Final = 300
_FOREVER_S: Final = 365 * 86_400


@dataclass(slots=True)
class Page:
    """`staff` is set on pages of the console and the books, `member_ids` on pages of the card:
    one person's members, in as many programs. `program` is set below /p/{program_id}/."""

    site: Site
    request: Request
    tongue: Tongue
    form: Form
    staff: StaffRecord | None = None
    member_ids: list[str] = field(default_factory=list)
    program: ProgramState | None = None
    cookies: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def house(self) -> House:
        return self.site.house

    @property
    def user(self) -> StaffRecord:
        """The signed-in user; only pages that need a permission may ask."""
        if self.staff is None:
            raise LookupError("this page is open to everybody")
        return self.staff

    @property
    def merchant_id(self) -> str:
        return self.user.merchant_id

    @property
    def here(self) -> ProgramState:
        """The program of the address; only pages below /p/{program_id}/ may ask."""
        if self.program is None:
            raise LookupError("this page is of no program")
        return self.program

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)[:200]

    def say(self, text: str, **values: object) -> str:
        return self.tongue.say(text, **values)

    def may(self, permission: Permission) -> bool:
        return self.staff is not None and may(self.staff.rights, permission)

    @property
    def by_script(self) -> bool:
        """Whether HTMX asks for a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    def new_key(self) -> str:
        """A key for a form: sent twice, it is done once."""
        return self.house.new_id("web")

    def claim(self, merchant_id: str, fields: tuple[str, ...]) -> Claim:
        """The claim of a form with a hidden `key`, over the fields that say what is asked."""
        said = "\x1f".join([self.request.url.path, *(self.form.raw(name) for name in fields)])
        fingerprint = self.house.vault.fingerprint(sha256(said.encode()).hexdigest())
        key = self.form.raw("key")[:64] or self.new_key()
        return Claim(merchant_id, f"web-{key}", fingerprint)

    def render(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """A whole page."""
        text = self.site.template(template).render(self._context(values))
        return self._html(text, status)

    def fragment(self, template: str, block: str, status: int = 200, /, **values: Any) -> Response:
        """One block of a page, for HTMX to put in its place."""
        found = self.site.template(template)
        context = self._context(values)
        # What the page around it imports is not there when a block is made alone.
        context["ui"] = self.site.template("macros.html").make_module(context)
        return self._html("".join(found.blocks[block](found.new_context(context))), status)

    def redirect(self, path: str, flash: str = "") -> Response:
        """To another page of ours (303), where `flash` is said once."""
        answer = RedirectResponse(path, 303)
        if self.by_script:
            answer = RedirectResponse(path, 200, {"HX-Redirect": path})
        if flash:
            self._cookie(answer, FLASH_COOKIE, quote(flash[:_FLASH_CHARACTERS_MAX]), 60)
        return self._finish(answer)

    def answer(self, content: bytes | str, media_type: str, filename: str = "") -> Response:
        """A file: a picture, a document, something to download."""
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'} if filename else {}
        return self._finish(Response(content, 200, headers, media_type))

    def json(self, document: Any, status: int = 200) -> Response:
        content = msgspec.json.encode(document)
        return self._finish(Response(content, status, None, "application/json"))

    def remember(self, cookie: str, value: str, seconds: int = _FOREVER_S) -> None:
        """Sets a cookie with the answer; `seconds` of 0 takes it away."""
        self.cookies.append((cookie, value, seconds))

    def _context(self, values: dict[str, Any]) -> dict[str, Any]:
        flash = unquote(self.request.cookies.get(FLASH_COOKIE, ""))
        if flash:
            self.remember(FLASH_COOKIE, "", 0)
        return {
            **environment_of(self.tongue),
            "page": self,
            "form": self.form,
            "program": self.program,
            "Permission": Permission,
            "asset": self.site.assets.url,
            "theme": self.request.cookies.get(THEME_COOKIE, ""),
            "flash": flash[:_FLASH_CHARACTERS_MAX],
            **values,
        }

    def _html(self, text: str, status: int) -> Response:
        return self._finish(Response(text, status, None, "text/html; charset=utf-8"))

    def _finish(self, answer: Response) -> Response:
        answer.headers["Vary"] = "Accept-Language, Cookie, HX-Request"
        for name, value, seconds in self.cookies:
            self._cookie(answer, name, value, seconds)
        return answer

    def _cookie(self, answer: Response, name: str, value: str, seconds: int) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=seconds,
            secure=self.request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
