"""Tables of webhooks: who is told, what happened, what was sent and what the answer was.

An event is written by the transaction that it tells of. Deliveries are made of events by the
worker; nothing that a till waits for touches them.
"""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint, blob


class WebhookEndpoint(SQLModel, table=True):
    """An address of a merchant's. `event_types` are names with spaces between them, or `*`.

    Secrets are sealed by the vault; the one before the last rotation signs too until
    `old_secret_until_ms`. `failing_since_ms` is when it began to take nothing.
    """

    __tablename__ = "webhook_endpoints"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchants.id", index=True)
    url: str
    event_types: str
    enabled: bool
    created_at_ms: int = Field(sa_column=bigint())
    sealed_secret: bytes = Field(sa_column=blob())
    sealed_old_secret: bytes | None = Field(default=None, sa_column=blob(nullable=True))
    old_secret_until_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    failing_since_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    disabled_reason: str | None = None


class WebhookEvent(SQLModel, table=True):
    """Something that happened, as it is told: `data` is JSON of ids and figures.

    Events go out in the order of `order_no`. `dispatched` ones have their deliveries.
    """

    __tablename__ = "webhook_events"
    __table_args__ = (
        Index("ix_webhook_events_merchant", "merchant_id", "order_no", "id"),
        Index(
            "ix_webhook_events_waiting",
            "order_no",
            sqlite_where=text("NOT dispatched"),
            postgresql_where=text("NOT dispatched"),
        ),
    )

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchants.id")
    program_id: str | None = None
    type: str
    at_ms: int = Field(sa_column=bigint())
    order_no: int = Field(sa_column=bigint())
    data: str
    dispatched: bool


class WebhookDelivery(SQLModel, table=True):
    """An event on its way to an endpoint: `pending`, `delivered` or `failed`."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "ix_webhook_deliveries_pending",
            "endpoint_id",
            "order_no",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    endpoint_id: str = Field(primary_key=True, foreign_key="webhook_endpoints.id")
    event_id: str = Field(primary_key=True, foreign_key="webhook_events.id")
    order_no: int = Field(sa_column=bigint())
    state: str
    attempts: int
    since_ms: int = Field(sa_column=bigint())
    next_at_ms: int = Field(sa_column=bigint())


class WebhookAttempt(SQLModel, table=True):
    """One request and what came of it; `status` is None where nothing was answered."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_endpoint", "endpoint_id", "id"),)

    id: str = Field(primary_key=True)
    endpoint_id: str = Field(foreign_key="webhook_endpoints.id")
    event_id: str = Field(foreign_key="webhook_events.id", index=True)
    at_ms: int = Field(sa_column=bigint())
    status: int | None = None
    took_ms: int
    answer: str


class ExpiringTold(SQLModel, table=True):
    """Up to which member a program's merchant was told who loses points at a period's end."""

    __tablename__ = "expiring_told"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    period: int = Field(sa_column=bigint(primary_key=True))
    last_member: str
    done: bool
