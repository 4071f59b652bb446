"""Create a webhook: an address of the merchant's that is told what happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.staff_actions import Action
from backend.core.webhooks import (
    ENDPOINTS_MAX,
    SECRET_BYTES,
    TooManyWebhooks,
    checked_types,
    checked_url,
    new_secret,
)
from backend.ledger import webhooks
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.ledger.webhook_tables import WebhookEndpoint
from backend.ledger.webhooks import Endpoint
from backend.services.house import House
from backend.services.record_action import stage_action

Render = Callable[[Endpoint, str | None], bytes]
"""An endpoint as an answer, with its secret where it is shown."""


@dataclass(frozen=True, slots=True)
class CreateWebhook:
    """Raises WebhookInvalid or TooManyWebhooks. `secret` is a fresh one, in the answer only this
    once."""

    merchant_id: str
    claim: Claim | None
    url: str
    event_types: tuple[str, ...]
    secret: str
    render: Render
    by: StaffRecord | None = None

    @classmethod
    def build(
        cls,
        house: House,
        merchant_id: str,
        claim: Claim | None,
        url: str,
        event_types: Sequence[str],
        render: Render,
        by: StaffRecord | None = None,
    ) -> CreateWebhook:
        """Raises WebhookInvalid."""
        types = checked_types(event_types)
        return cls(merchant_id, claim, checked_url(url), types, fresh_secret(house), render, by)

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        def read(connection: Connection) -> list[Endpoint]:
            return webhooks.endpoints_of(connection, self.merchant_id)

        if len(work.ask(read)) >= ENDPOINTS_MAX:
            raise TooManyWebhooks(f"A merchant has at most {ENDPOINTS_MAX} webhooks.")
        endpoint_id = work.new_id("whk")
        endpoint = Endpoint(
            id=endpoint_id,
            merchant_id=self.merchant_id,
            url=self.url,
            event_types=" ".join(self.event_types),
            enabled=True,
            created_at_ms=work.now_ms,
            sealed_secret=work.vault.seal_webhook_secret(endpoint_id, self.secret),
            sealed_old_secret=None,
            old_secret_until_ms=None,
            failing_since_ms=None,
            disabled_reason=None,
        )
        row = {name: getattr(endpoint, name) for name in Endpoint.__dataclass_fields__}
        work.stage(WebhookEndpoint, row)
        if self.by is not None:
            stage_action(work, self.by, Action.WEBHOOK_CREATED, endpoint_id, self.url)
        work.execute(webhooks.listening(self.merchant_id))
        return Answer(201, self.render(endpoint, self.secret), secret=True)


def fresh_secret(house: House) -> str:
    """A secret that nothing has been signed with yet."""
    return new_secret(house.entropy(SECRET_BYTES))
