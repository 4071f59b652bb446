"""Send an event to a webhook again, or a test event for the first time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.ids import is_id
from backend.core.webhooks import EventType, UnknownWebhookEvent, WebhookDisabled
from backend.ledger import webhooks
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.ledger.webhook_events import event_row
from backend.ledger.webhook_tables import WebhookDelivery, WebhookEvent
from backend.services.change_webhook import webhook_in

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResendEvent:
    """Has a delivery tried at once, whatever became of it; whether or not the webhook asks for
    events of this type. Raises UnknownWebhook, UnknownWebhookEvent or WebhookDisabled."""

    merchant_id: str
    claim: Claim | None
    endpoint_id: str
    event_id: str
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        require_on(work, self.merchant_id, self.endpoint_id)
        event = None
        if is_id("evt", self.event_id):
            event = work.ask(
                lambda connection: webhooks.event_of(connection, self.merchant_id, self.event_id)
            )
        if event is None:
            raise UnknownWebhookEvent("There is no such event, or it is too old to be kept.")
        known = work.ask(
            lambda connection: webhooks.delivery_of(connection, self.endpoint_id, self.event_id)
        )
        row = webhooks.delivery_row(self.endpoint_id, event, work.now_ms)
        # The worker's clock is the wall's: whatever ours says, it is due.
        row["next_at_ms"] = 0
        if known is None:
            work.stage(WebhookDelivery, row)
        else:
            work.stage_update(WebhookDelivery, {**row, "attempts": known["attempts"]})
        return Answer(202, self.render(event))


@dataclass(frozen=True, slots=True)
class SendTestEvent:
    """Tells one webhook that it is being tried. Raises UnknownWebhook or WebhookDisabled."""

    merchant_id: str
    claim: Claim | None
    endpoint_id: str
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        require_on(work, self.merchant_id, self.endpoint_id)
        data = {"endpoint_id": self.endpoint_id}
        event = event_row(
            self.merchant_id, None, EventType.TEST, data, work.now_ms, work.new_id
        ) | {"dispatched": True}
        work.stage(WebhookEvent, event)
        row = webhooks.delivery_row(self.endpoint_id, event, work.now_ms)
        work.stage(WebhookDelivery, {**row, "next_at_ms": 0})
        return Answer(202, self.render(event))


def require_on(work: UnitOfWork, merchant_id: str, endpoint_id: str) -> None:
    """Raises UnknownWebhook or WebhookDisabled."""
    if not webhook_in(work, merchant_id, endpoint_id).enabled:
        raise WebhookDisabled("The webhook is switched off.")
