"""Change a webhook: its address, what it is told, on or off, its secret; delete it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from backend.core.ids import is_id
from backend.core.staff_actions import Action
from backend.core.webhooks import BOTH_SECRETS_MS, UnknownWebhook, checked_types, checked_url
from backend.ledger import webhooks
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.ledger.webhook_tables import WebhookEndpoint
from backend.ledger.webhooks import Endpoint
from backend.services.create_webhook import Render
from backend.services.record_action import stage_action


def webhook_in(work: UnitOfWork, merchant_id: str, endpoint_id: str) -> Endpoint:
    """The merchant's webhook; raises UnknownWebhook."""
    found = None
    if is_id("whk", endpoint_id):
        found = work.ask(
            lambda connection: webhooks.endpoint_of(connection, merchant_id, endpoint_id)
        )
    if found is None:
        raise UnknownWebhook("There is no such webhook.")
    return found


@dataclass(frozen=True, slots=True)
class ChangeWebhook:
    """What is None stays. Switching it on forgets how long it failed. Raises UnknownWebhook or
    WebhookInvalid."""

    merchant_id: str
    claim: Claim | None
    endpoint_id: str
    url: str | None
    event_types: tuple[str, ...] | None
    enabled: bool | None
    render: Render
    by: StaffRecord | None = None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        endpoint = webhook_in(work, self.merchant_id, self.endpoint_id)
        changes: dict[str, Any] = {}
        if self.url is not None:
            changes["url"] = checked_url(self.url)
        if self.event_types is not None:
            changes["event_types"] = " ".join(checked_types(self.event_types))
        if self.enabled is not None:
            changes["enabled"] = self.enabled
            changes["disabled_reason"] = None if self.enabled else "merchant"
            changes["failing_since_ms"] = None
        if changes:
            work.stage_update(WebhookEndpoint, {"id": endpoint.id, **changes})
            said = " ".join(f"{name}={value}" for name, value in sorted(changes.items())
                            if name in {"url", "event_types", "enabled"})  # fmt: skip
            if self.by is not None:
                stage_action(work, self.by, Action.WEBHOOK_CHANGED, endpoint.id, said)
            work.execute(webhooks.listening(self.merchant_id))
        return Answer(200, self.render(replace(endpoint, **changes), None))


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """Gives a webhook a new secret, shown this once; the old one signs too for a day. Raises
    UnknownWebhook."""

    merchant_id: str
    claim: Claim | None
    endpoint_id: str
    secret: str
    render: Render
    by: StaffRecord | None = None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        endpoint = webhook_in(work, self.merchant_id, self.endpoint_id)
        changes: dict[str, Any] = {
            "sealed_secret": work.vault.seal_webhook_secret(endpoint.id, self.secret),
            "sealed_old_secret": endpoint.sealed_secret,
            "old_secret_until_ms": work.now_ms + BOTH_SECRETS_MS,
        }
        work.stage_update(WebhookEndpoint, {"id": endpoint.id, **changes})
        if self.by is not None:
            stage_action(work, self.by, Action.WEBHOOK_CHANGED, endpoint.id, "secret")
        changed = replace(endpoint, **changes)
        return Answer(200, self.render(changed, self.secret), secret=True)


@dataclass(frozen=True, slots=True)
class DeleteWebhook:
    """Raises UnknownWebhook."""

    merchant_id: str
    endpoint_id: str
    by: StaffRecord | None = None
    claim: Claim | None = None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        endpoint = webhook_in(work, self.merchant_id, self.endpoint_id)
        if self.by is not None:
            stage_action(work, self.by, Action.WEBHOOK_DELETED, endpoint.id, endpoint.url)
        work.execute(*webhooks.removal(endpoint.id), webhooks.listening(self.merchant_id))
        return Answer(204, b"")
