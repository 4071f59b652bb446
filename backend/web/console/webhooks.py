"""The console's webhooks: who is told, what was sent, sending again."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.core.errors import InvalidInput
from backend.core.roles import Permission
from backend.core.webhooks import ALL, SUBSCRIBABLE, EventType
from backend.ledger.webhooks import Endpoint
from backend.services.change_webhook import ChangeWebhook, DeleteWebhook, RotateSecret
from backend.services.create_webhook import CreateWebhook, fresh_secret
from backend.services.read_webhooks import list_attempts, list_webhooks, read_webhook
from backend.services.resend_event import ResendEvent, SendTestEvent
from backend.web.console import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

ROWS: Final = 25
HOME: Final = "/console/webhooks"
TOLD: Final = {
    EventType.MEMBER_ENROLLED: marked("A member enrols"),
    EventType.PURCHASE_ACCEPTED: marked("A purchase is accepted"),
    EventType.PURCHASE_CLAIMED: marked("A guest's purchase becomes a member's"),
    EventType.PURCHASE_RETURNED: marked("A purchase goes back, whole or in part"),
    EventType.REDEMPTION_HELD: marked("Points are held"),
    EventType.REDEMPTION_CAPTURED: marked("Points are spent"),
    EventType.REDEMPTION_CANCELLED: marked("A hold is cancelled"),
    EventType.REWARD_CLAIMED: marked("A reward is claimed"),
    EventType.REWARD_FULFILLED: marked("A reward is handed over"),
    EventType.REWARD_CANCELLED: marked("A claim is cancelled"),
    EventType.TIER_CHANGED: marked("A member's tier changes"),
    EventType.POINTS_EXPIRING: marked("A member's points expire within a month"),
    EventType.OPERATION_INCLUDED: marked("An operation is on chain"),
    EventType.OPERATION_FINAL: marked("An operation on chain is final"),
    EventType.LIMIT_NEAR: marked("80 % of a limit is used"),
    EventType.TEST: marked("A test from this page"),
}
WHY_OFF: Final = {
    "merchant": marked("Switched off by you."),
    "failing": marked(
        "Switched off by us: it took nothing for five days. Mend it, switch it on, and what is"
        " still on its way arrives."
    ),
    "gone": marked("Switched off by us: the receiver answered that it is gone (410)."),
}


def install(site: Site) -> None:
    """Adds the pages."""
    needs = Permission.INTEGRATE
    site.get(HOME, _list, needs)
    site.post(HOME, _create, needs)
    site.get(f"{HOME}/{{endpoint_id}}", _show, needs)
    for act, handler in (
        ("change", _change),
        ("switch", _switch),
        ("rotate", _rotate),
        ("test", _test),
        ("resend", _resend),
        ("delete", _delete),
    ):
        site.post(f"{HOME}/{{endpoint_id}}/{act}", handler, needs)


async def _list(page: Page) -> Response:
    return await _listed(page)


async def _listed(page: Page, status: int = 200) -> Response:
    endpoints = await list_webhooks(page.house, page.merchant_id)
    return await frame.render(
        page, "webhooks.html", status, endpoints=endpoints, types=SUBSCRIBABLE, told=TOLD,
        why_off=WHY_OFF,
    )  # fmt: skip


async def _create(page: Page) -> Response:
    url = page.form.text("url", max_length=500)
    types = _types(page)
    if page.form.ok:
        claim = page.claim(page.merchant_id, ("url", "all", *TOLD))
        try:
            command = CreateWebhook.build(
                page.house, page.merchant_id, claim, url, types, _with_secret, page.user
            )
        except InvalidInput as refusal:
            page.form.refuse("url", page.tongue.problem(refusal))
        else:
            made = await page.house.committer.submit(command)
            return await _shown(page, **msgspec.json.decode(made.body))
    return await _listed(page, 422)


def _types(page: Page) -> list[str]:
    """What is ticked; all of it where that is."""
    if page.form.ticked("all"):
        return [ALL]
    types = [each.value for each in SUBSCRIBABLE if page.form.ticked(each.value)]
    if not types:
        page.form.refuse("all", marked("Please choose at least one."))
    return types


def _with_secret(endpoint: Endpoint, secret: str | None) -> bytes:
    return msgspec.json.encode({"endpoint_id": endpoint.id, "secret": secret})


async def _show(page: Page) -> Response:
    return await _shown(page, page.path("endpoint_id"))


async def _shown(
    page: Page, endpoint_id: str, secret: str | None = None, status: int = 200
) -> Response:
    """The webhook's page; with its secret in the answer that made it, and never again."""
    endpoint = await read_webhook(page.house, page.merchant_id, endpoint_id)
    rows = await list_attempts(
        page.house, page.merchant_id, endpoint_id, page.query("after") or None, ROWS
    )
    return await frame.render(
        page, "webhook.html", status, endpoint=endpoint, secret=secret, attempts=rows[:ROWS],
        more=rows[ROWS - 1]["id"] if len(rows) > ROWS else "", types=SUBSCRIBABLE, told=TOLD,
        chosen=endpoint.event_types.split(" "), why_off=WHY_OFF, now_ms=page.house.now_ms(),
    )  # fmt: skip


async def _change(page: Page) -> Response:
    endpoint_id = page.path("endpoint_id")
    url = page.form.text("url", max_length=500)
    types = tuple(_types(page))
    if page.form.ok:
        try:
            await page.house.committer.submit(
                ChangeWebhook(
                    page.merchant_id, None, endpoint_id, url, types, None, _with_secret, page.user
                )
            )
        except InvalidInput as refusal:
            page.form.refuse("url", page.tongue.problem(refusal))
        else:
            return page.redirect(f"{HOME}/{endpoint_id}", page.say("The webhook is changed."))
    return await _shown(page, endpoint_id, status=422)


async def _switch(page: Page) -> Response:
    endpoint_id, on = page.path("endpoint_id"), page.form.ticked("on")
    await page.house.committer.submit(
        ChangeWebhook(page.merchant_id, None, endpoint_id, None, None, on, _with_secret, page.user)
    )
    said = page.say("The webhook is on.") if on else page.say("The webhook is off.")
    return page.redirect(f"{HOME}/{endpoint_id}", said)


async def _rotate(page: Page) -> Response:
    endpoint_id = page.path("endpoint_id")
    claim = page.claim(page.merchant_id, ())
    secret = fresh_secret(page.house)
    made = await page.house.committer.submit(
        RotateSecret(page.merchant_id, claim, endpoint_id, secret, _with_secret, page.user)
    )
    shown: dict[str, Any] = msgspec.json.decode(made.body)
    return await _shown(page, endpoint_id, shown["secret"])


async def _test(page: Page) -> Response:
    endpoint_id = page.path("endpoint_id")
    claim = page.claim(page.merchant_id, ())
    await page.house.committer.submit(
        SendTestEvent(page.merchant_id, claim, endpoint_id, lambda _: b"")
    )
    return page.redirect(f"{HOME}/{endpoint_id}", page.say("A test event is on its way."))


async def _resend(page: Page) -> Response:
    endpoint_id = page.path("endpoint_id")
    await page.house.committer.submit(
        ResendEvent(page.merchant_id, None, endpoint_id, page.form.raw("event"), lambda _: b"")
    )
    return page.redirect(f"{HOME}/{endpoint_id}", page.say("The event is on its way again."))


async def _delete(page: Page) -> Response:
    if not page.form.ticked("sure"):
        page.form.refuse("sure", marked("Please confirm."))
        return await _shown(page, page.path("endpoint_id"), status=422)
    command = DeleteWebhook(page.merchant_id, page.path("endpoint_id"), page.user)
    await page.house.committer.submit(command)
    return page.redirect(HOME, page.say("The webhook is deleted."))
