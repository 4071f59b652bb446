"""A merchant's API keys: create, which shows the key once, and revoke."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.people_errors import UnknownKey
from backend.core.roles import Permission
from backend.services.create_key import create_key
from backend.services.revoke_key import read_keys, revoke_key
from backend.web.console import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

LABEL_LENGTH_MAX: Final = 60
CREATED_BEFORE: Final = marked("This key was created already and cannot be shown again.")
REVOKED: Final = marked("The key is revoked; it is refused within seconds.")


def install(site: Site) -> None:
    """Adds the pages."""
    needs = Permission.INTEGRATE
    site.get("/console/keys", _show, needs)
    site.post("/console/keys", _create, needs)
    site.get("/console/keys/{key_id}/revoke", _ask, needs)
    site.post("/console/keys/{key_id}/revoke", _revoke, needs)


async def _show(page: Page, status: int = 200) -> Response:
    keys = await read_keys(page.house, page.merchant_id)
    return await frame.render(page, "keys.html", status, keys=keys)


async def _create(page: Page) -> Response:
    label = page.form.text("label", max_length=LABEL_LENGTH_MAX)
    if not page.form.ok:
        return await _show(page, 422)
    claim = page.claim(page.merchant_id, ("label",))
    secret = await create_key(page.house, claim, page.user, label)
    if secret is None:
        return page.redirect("/console/keys", page.say(CREATED_BEFORE))
    return await frame.render(page, "key_created.html", label=label, secret=secret)


async def _ask(page: Page) -> Response:
    keys = await read_keys(page.house, page.merchant_id)
    key = next((each for each in keys if each.id == page.path("key_id")), None)
    if key is None:
        raise UnknownKey("There is no such key.")
    return await frame.render(page, "key_revoke.html", key=key)


async def _revoke(page: Page) -> Response:
    await revoke_key(page.house, page.user, page.path("key_id"))
    return page.redirect("/console/keys", page.say(REVOKED))
