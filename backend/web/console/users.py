"""A merchant's people: invite, change, disable, and one's own password."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.contact import Content
from backend.core.people_errors import EmailInvalid, EmailTaken, PasswordTooShort, PasswordWrong
from backend.core.roles import Permission, Role
from backend.ledger.people import users_of
from backend.services.change_user import change_role, disable_user, enable_user, found_among
from backend.services.choose_password import (
    change_password,
    read_invitation,
    take_up_invitation,
)
from backend.services.invite_user import EMAIL_LENGTH_MAX, invite_again, invite_user
from backend.services.mail_invitation import mail_invitation
from backend.services.sessions import SESSION_MS, open_session
from backend.services.sign_in_staff import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN
from backend.web.console import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import STAFF_COOKIE, Page
from backend.web.kit.site import Site

ROLES: Final = {
    Role.OWNER: (marked("Owner"), marked("everything, people and keys among it")),
    Role.MANAGER: (marked("Manager"), marked("figures, rules, rewards, exports, approvals")),
    Role.CASHIER: (marked("Cashier"), marked("the till and members")),
    Role.AUDITOR: (marked("Auditor"), marked("reads the books, changes nothing")),
}
NAME_LENGTH_MAX: Final = 80
CHANGED: Final = marked("Changed.")
INVITED_BEFORE: Final = marked("This invitation was made already; make a new one if it is lost.")
INVITATION_SUBJECT: Final = marked("Your invitation to the console of %(merchant)s")
INVITATION: Final = marked(
    "%(merchant)s invites you to its console. Choose your password here: %(link)s"
)
NOT_ALIKE: Final = marked("The two passwords are not the same.")


def install(site: Site) -> None:
    """Adds the pages."""
    people = Permission.PEOPLE
    site.get("/console/users", _show, people)
    site.post("/console/users", _invite, people)
    site.get("/console/users/{user_id}", _show_one, people)
    site.post("/console/users/{user_id}/role", _change_role, people)
    site.post("/console/users/{user_id}/disable", _disable, people)
    site.post("/console/users/{user_id}/enable", _enable, people)
    site.post("/console/users/{user_id}/invite", _invite_again, people)
    site.get("/console/password", _show_password, "staff")
    site.post("/console/password", _change_password, "staff")
    site.get("/join/{token}", _show_join)
    site.post("/join/{token}", _join)


async def _show(page: Page, status: int = 200) -> Response:
    users = await page.house.ledger.run(lambda found: users_of(found, page.merchant_id))
    return await frame.render(
        page, "users.html", status, users=users, roles=ROLES, now_ms=page.house.now_ms()
    )


async def _invite(page: Page) -> Response:
    email = page.form.text("email", max_length=EMAIL_LENGTH_MAX)
    name = page.form.text("name", max_length=NAME_LENGTH_MAX)
    role = Role(page.form.choice("role", [each.value for each in Role]))
    if not page.form.ok:
        return await _show(page, 422)
    claim = page.claim(page.merchant_id, ("email", "name", "role"))
    try:
        token = await invite_user(page.house, claim, page.user, email, name, role)
    except (EmailInvalid, EmailTaken) as refusal:
        page.form.refuse("email", page.tongue.problem(refusal))
        return await _show(page, 409 if isinstance(refusal, EmailTaken) else 422)
    if token is None:
        return page.redirect("/console/users", page.say(INVITED_BEFORE))
    return await _invited(page, email, token)


async def _invited(page: Page, email: str, token: str) -> Response:
    link = f"{str(page.request.base_url).rstrip('/')}/join/{token}"
    values = {"merchant": page.user.merchant_name, "link": link}
    content = Content(email, page.say(INVITATION, **values), page.say(INVITATION_SUBJECT, **values))
    mailed = await mail_invitation(page.house, content)
    return await frame.render(page, "invited.html", email=email, link=link, mailed=mailed)


async def _show_one(page: Page) -> Response:
    users = await page.house.ledger.run(lambda found: users_of(found, page.merchant_id))
    user = found_among(users, page.path("user_id"))
    return await frame.render(page, "user.html", user=user, roles=ROLES, now_ms=page.house.now_ms())


async def _change_role(page: Page) -> Response:
    role = Role(page.form.choice("role", [each.value for each in Role]))
    if not page.form.ok:
        return await _show_one(page)
    await change_role(page.house, page.user, page.path("user_id"), role)
    return page.redirect(f"/console/users/{page.path('user_id')}", page.say(CHANGED))


async def _disable(page: Page) -> Response:
    await disable_user(page.house, page.user, page.path("user_id"))
    return page.redirect("/console/users", page.say(CHANGED))


async def _enable(page: Page) -> Response:
    await enable_user(page.house, page.user, page.path("user_id"))
    return page.redirect(f"/console/users/{page.path('user_id')}", page.say(CHANGED))


async def _invite_again(page: Page) -> Response:
    users = await page.house.ledger.run(lambda found: users_of(found, page.merchant_id))
    user = found_among(users, page.path("user_id"))
    token = await invite_again(page.house, page.user, user.id)
    return await _invited(page, user.email, token)


async def _show_password(page: Page, status: int = 200) -> Response:
    return await frame.render(page, "password.html", status, length_min=PASSWORD_LENGTH_MIN)


async def _change_password(page: Page) -> Response:
    old = page.form.text("old", max_length=PASSWORD_LENGTH_MAX)
    new = _new_password(page)
    if not page.form.ok:
        return await _show_password(page, 422)
    try:
        await change_password(page.house, page.user, old, new)
    except (PasswordWrong, PasswordTooShort) as refusal:
        field = "old" if isinstance(refusal, PasswordWrong) else "password"
        page.form.refuse(field, page.tongue.problem(refusal))
        return await _show_password(page, 409)
    await _sign_in(page, page.user.id)
    said = page.say(marked("Your password is changed; other devices are signed out."))
    return page.redirect("/console/password", said)


async def _show_join(page: Page, status: int = 200) -> Response:
    user = await read_invitation(page.house, page.path("token"))
    return page.render("staff/join.html", status, user=user, length_min=PASSWORD_LENGTH_MIN)


async def _join(page: Page) -> Response:
    password = _new_password(page)
    if not page.form.ok:
        return await _show_join(page, 422)
    try:
        user_id = await take_up_invitation(page.house, page.path("token"), password)
    except PasswordTooShort as refusal:
        page.form.refuse("password", page.tongue.problem(refusal))
        return await _show_join(page, 422)
    await _sign_in(page, user_id)
    return page.redirect("/console")


def _new_password(page: Page) -> str:
    password = page.form.text("password", max_length=PASSWORD_LENGTH_MAX)
    if page.form.ok and page.form.raw("again") != password:
        page.form.refuse("again", page.say(NOT_ALIKE))
    return password


async def _sign_in(page: Page, user_id: str) -> None:
    token = await open_session(page.house, "staff", user_id)
    page.remember(STAFF_COOKIE, token, SESSION_MS["staff"] // 1000)
