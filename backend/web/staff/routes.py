"""Sign in, sign out, choose a language or a theme."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi.responses import Response

from backend.core.people_errors import SignInRefused
from backend.core.roles import Role
from backend.services.sessions import SESSION_MS, close_session, open_session
from backend.services.sign_in_staff import PASSWORD_LENGTH_MAX, check_password
from backend.web.kit.languages import LANGUAGES, marked
from backend.web.kit.page import LANGUAGE_COOKIE, STAFF_COOKIE, THEME_COOKIE, Page
from backend.web.kit.site import Site
from backend.web.rate import Rate

TRIES_BURST: Final = 10
TRIES_PER_MINUTE: Final = 6
TOO_MANY: Final = marked("Too many tries. Please wait a minute.")
_HOME: Final = {Role.AUDITOR: "/audit"}
THEMES: Final = ("light", "dark", "auto")


def install(site: Site) -> None:
    """Adds the pages."""
    tries = Rate(lambda: site.house.now_ms() // 60, burst=TRIES_BURST, per_second=TRIES_PER_MINUTE)

    async def sign_in(page: Page) -> Response:
        caller = page.request.client.host if page.request.client else ""
        email = page.form.text("email", max_length=254)
        password = page.form.text("password", max_length=PASSWORD_LENGTH_MAX)
        if not page.form.ok:
            return page.render("staff/sign_in.html", 422, after=local_path(page.form.raw("after")))
        # One address tried from many places is as much a guess as many from one.
        if not (tries.take(caller, 1) and tries.take(email.lower(), 1)):
            return site.sorry(page, 429, page.say(TOO_MANY))
        try:
            user = await check_password(site.house, email, password)
        except SignInRefused as refusal:
            page.form.refuse("password", page.tongue.problem(refusal))
            return page.render("staff/sign_in.html", 409, after=local_path(page.form.raw("after")))
        token = await open_session(site.house, "staff", user.id)
        page.remember(STAFF_COOKIE, token, SESSION_MS["staff"] // 1000)
        home = _HOME.get(user.rights, "/console")
        return page.redirect(local_path(page.form.raw("after")) or home)

    site.get("/sign-in", _show_sign_in)
    site.post("/sign-in", sign_in)
    site.post("/sign-out", _sign_out)
    site.post("/choose", _choose)


async def _show_sign_in(page: Page) -> Response:
    return page.render("staff/sign_in.html", after=local_path(page.query("after")))


async def _sign_out(page: Page) -> Response:
    if token := page.request.cookies.get(STAFF_COOKIE):
        await close_session(page.house, token)
        page.remember(STAFF_COOKIE, "", 0)
    return page.redirect("/sign-in")


async def _choose(page: Page) -> Response:
    """A language or a theme, kept in the browser; back to the page it was chosen on."""
    if page.form.raw("lang") in LANGUAGES:
        page.remember(LANGUAGE_COOKIE, page.form.raw("lang"))
    if (theme := page.form.raw("theme")) in THEMES:
        page.remember(THEME_COOKIE, "" if theme == "auto" else theme)
    return page.redirect(local_path(page.form.raw("back")) or "/")


def local_path(given: str) -> str:
    """The address where it is a path of ours, and nothing where it may lead elsewhere."""
    parts = urlsplit(given)
    local = given.startswith("/") and not given.startswith(("//", "/\\"))
    return given if local and not parts.scheme and not parts.netloc else ""
