"""Webhooks: who is told what happens, what happened, what was sent, sending again."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query, Response

from backend.api import present
from backend.api import webhook_models as models
from backend.api.auth import Authenticated
from backend.api.documented import WITH_BODY, WITH_KEY, idempotent, problems, router
from backend.ledger.webhooks import Endpoint
from backend.services.change_webhook import ChangeWebhook, DeleteWebhook, RotateSecret
from backend.services.create_webhook import CreateWebhook, fresh_secret
from backend.services.read_webhooks import (
    list_attempts,
    list_events,
    list_webhooks,
    read_event,
    read_webhook,
)
from backend.services.resend_event import ResendEvent, SendTestEvent

webhooks = router("webhooks")
_ONE: Final = "/webhook_endpoints/{endpoint_id}"
Limit = Annotated[int, Query(ge=1, le=100)]
After = Annotated[str | None, Query(max_length=64, description="The last id of the page before.")]


def _render(endpoint: Endpoint, secret: str | None) -> bytes:
    return present.to_json(models.endpoint_out(endpoint, secret))


def _render_event(row: dict[str, Any]) -> bytes:
    return present.to_json(models.event_out(row))


@webhooks.post(
    "/webhook_endpoints",
    status_code=201,
    response_model=models.WebhookOut,
    responses=problems(*WITH_BODY, *WITH_KEY, "webhook_invalid", "too_many_webhooks"),
    openapi_extra=idempotent(required=False),
    summary="Add a webhook; the answer has its secret, this once",
)
async def post_webhook(body: models.WebhookIn, call: Authenticated) -> Response:
    """Requests to it are signed by the Standard Webhooks specification."""
    claim = call.optional_claim(present.fingerprint("webhook_endpoints", body))
    command = CreateWebhook.build(
        call.house, call.merchant_id, claim, body.url, body.event_types, _render
    )
    return present.answered(await call.house.committer.submit(command))


@webhooks.get("/webhook_endpoints", responses=problems(), summary="List webhooks")
async def get_webhooks(call: Authenticated) -> models.WebhooksPage:
    """The oldest first; without their secrets."""
    found = await list_webhooks(call.house, call.merchant_id)
    return models.WebhooksPage(data=[models.endpoint_out(each) for each in found], has_more=False)


@webhooks.get(_ONE, responses=problems("unknown_webhook"), summary="Read a webhook")
async def get_webhook(endpoint_id: str, call: Authenticated) -> models.WebhookOut:
    return models.endpoint_out(await read_webhook(call.house, call.merchant_id, endpoint_id))


@webhooks.post(
    _ONE,
    response_model=models.WebhookOut,
    responses=problems(*WITH_BODY, *WITH_KEY, "unknown_webhook", "webhook_invalid"),
    openapi_extra=idempotent(required=False),
    summary="Change a webhook, switch it on or off",
)
async def change_webhook(
    endpoint_id: str, body: models.WebhookChangeIn, call: Authenticated
) -> Response:
    """Switched on again, it gets what was still on its way to it; not what happened meanwhile."""
    claim = call.optional_claim(present.fingerprint(f"webhook_endpoints/{endpoint_id}", body))
    types = None if body.event_types is None else tuple(body.event_types)
    command = ChangeWebhook(
        call.merchant_id, claim, endpoint_id, body.url, types, body.enabled, _render
    )
    return present.answered(await call.house.committer.submit(command))


@webhooks.delete(
    _ONE,
    status_code=204,
    response_class=Response,
    responses=problems("unknown_webhook"),
    summary="Delete a webhook and what was sent to it",
)
async def delete_webhook(endpoint_id: str, call: Authenticated) -> Response:
    await call.house.committer.submit(DeleteWebhook(call.merchant_id, endpoint_id))
    return Response(status_code=204)


@webhooks.post(
    f"{_ONE}/rotate",
    response_model=models.WebhookOut,
    responses=problems(*WITH_KEY, "unknown_webhook"),
    openapi_extra=idempotent(required=False),
    summary="Give a webhook a new secret",
)
async def rotate_secret(endpoint_id: str, call: Authenticated) -> Response:
    """For a day requests are signed with both, so that no receiver misses one."""
    claim = call.optional_claim(present.fingerprint(f"webhook_endpoints/{endpoint_id}/rotate"))
    secret = fresh_secret(call.house)
    command = RotateSecret(call.merchant_id, claim, endpoint_id, secret, _render)
    return present.answered(await call.house.committer.submit(command))


@webhooks.post(
    f"{_ONE}/test",
    status_code=202,
    response_model=models.WebhookEventOut,
    responses=problems(*WITH_KEY, "unknown_webhook", "webhook_disabled"),
    openapi_extra=idempotent(required=False),
    summary="Send a test event to a webhook",
)
async def send_test_event(endpoint_id: str, call: Authenticated) -> Response:
    claim = call.optional_claim(present.fingerprint(f"webhook_endpoints/{endpoint_id}/test"))
    command = SendTestEvent(call.merchant_id, claim, endpoint_id, _render_event)
    return present.answered(await call.house.committer.submit(command))


@webhooks.get(
    f"{_ONE}/attempts",
    responses=problems("unknown_webhook", "invalid_request"),
    summary="What was sent to a webhook, the newest first",
)
async def get_attempts(
    endpoint_id: str, call: Authenticated, limit: Limit = 20, starting_after: After = None
) -> models.AttemptsPage:
    """Each request with its answer; kept for 30 days."""
    rows = await list_attempts(call.house, call.merchant_id, endpoint_id, starting_after, limit)
    return models.attempts_page(rows, limit)


@webhooks.post(
    f"{_ONE}/events/{{event_id}}/resend",
    status_code=202,
    response_model=models.WebhookEventOut,
    responses=problems(*WITH_KEY, "unknown_webhook", "unknown_event", "webhook_disabled"),
    openapi_extra=idempotent(required=False),
    summary="Send an event to a webhook again",
)
async def resend_event(endpoint_id: str, event_id: str, call: Authenticated) -> Response:
    """Under the same id, so that a receiver that has it already can tell."""
    route = f"webhook_endpoints/{endpoint_id}/events/{event_id}/resend"
    claim = call.optional_claim(present.fingerprint(route))
    command = ResendEvent(call.merchant_id, claim, endpoint_id, event_id, _render_event)
    return present.answered(await call.house.committer.submit(command))


@webhooks.get(
    "/webhook_events",
    responses=problems("unknown_event", "invalid_request"),
    summary="What webhooks were told, the newest first",
)
async def get_events(
    call: Authenticated,
    event_type: Annotated[str, Query(alias="type", max_length=64)] = "",
    limit: Limit = 20,
    starting_after: After = None,
) -> models.WebhookEventsPage:
    """For whoever missed something: events are kept for 30 days. They are written while the
    merchant has a webhook that is on."""
    rows = await list_events(call.house, call.merchant_id, event_type, starting_after, limit)
    data = [models.event_out(row) for row in rows[:limit]]
    return models.WebhookEventsPage(data=data, has_more=len(rows) > limit)


@webhooks.get(
    "/webhook_events/{event_id}", responses=problems("unknown_event"), summary="Read an event"
)
async def get_event(event_id: str, call: Authenticated) -> models.WebhookEventOut:
    return models.event_out(await read_event(call.house, call.merchant_id, event_id))
