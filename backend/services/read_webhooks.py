"""Read a merchant's webhooks, what happened, and what was sent."""

from __future__ import annotations

from typing import Any

from backend.core.ids import is_id
from backend.core.webhooks import UnknownWebhook, UnknownWebhookEvent
from backend.ledger import webhooks
from backend.ledger.webhooks import Endpoint
from backend.services.house import House

Row = dict[str, Any]


async def list_webhooks(house: House, merchant_id: str) -> list[Endpoint]:
    """The oldest first."""
    return await house.ledger.run(lambda connection: webhooks.endpoints_of(connection, merchant_id))


async def read_webhook(house: House, merchant_id: str, endpoint_id: str) -> Endpoint:
    """Raises UnknownWebhook."""
    found = None
    if is_id("whk", endpoint_id):
        found = await house.ledger.run(
            lambda connection: webhooks.endpoint_of(connection, merchant_id, endpoint_id)
        )
    if found is None:
        raise UnknownWebhook("There is no such webhook.")
    return found


async def list_events(
    house: House, merchant_id: str, event_type: str, after: str | None, limit: int
) -> list[Row]:
    """The newest first, from behind the event `after`; one more than `limit` where there are."""
    if after is not None:
        await read_event(house, merchant_id, after)
    return await house.ledger.run(
        lambda connection: webhooks.events_of(connection, merchant_id, event_type, after, limit + 1)
    )


async def read_event(house: House, merchant_id: str, event_id: str) -> Row:
    """Raises UnknownWebhookEvent."""
    found = None
    if is_id("evt", event_id):
        found = await house.ledger.run(
            lambda connection: webhooks.event_of(connection, merchant_id, event_id)
        )
    if found is None:
        raise UnknownWebhookEvent("There is no such event, or it is too old to be kept.")
    return found


async def list_attempts(
    house: House, merchant_id: str, endpoint_id: str, after: str | None, limit: int
) -> list[Row]:
    """What was sent to a webhook, the newest first; one more than `limit` where there are. Raises
    UnknownWebhook."""
    await read_webhook(house, merchant_id, endpoint_id)
    before = after if after is not None and is_id("wat", after) else None
    return await house.ledger.run(
        lambda connection: webhooks.attempts_of(connection, endpoint_id, before, limit + 1)
    )
