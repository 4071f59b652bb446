"""What the API takes and answers about webhooks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from backend.api.fields import Answered, Strict, to_rfc3339
from backend.api.requests import shown
from backend.core.webhooks import SUBSCRIBABLE, URL_LENGTH_MAX
from backend.ledger.webhooks import Endpoint

_URL: Final = "https://shop.example/mereau"
Types = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(
        max_length=64,
        description="`*` alone for all there will ever be, or: "
        + ", ".join(f"`{each.value}`" for each in SUBSCRIBABLE),
        examples=[["purchase.accepted", "operation.final"]],
    ),
]
Url = Annotated[str, Field(max_length=URL_LENGTH_MAX, examples=[_URL])]


class WebhookIn(Strict):
    """An address that is to be told what happens in the merchant's programs."""

    model_config = shown(url=_URL, event_types=["purchase.accepted", "purchase.returned"])

    url: Url
    event_types: Types


class WebhookChangeIn(Strict):
    """What is left out stays."""

    model_config = shown(enabled=True)

    url: Url | None = None
    event_types: Types | None = None
    enabled: bool | None = None


class WebhookOut(Answered):
    id: str
    url: str
    event_types: list[str]
    enabled: bool
    disabled_reason: Literal["merchant", "failing", "gone"] | None = Field(
        description="`failing`: nothing was taken for five days. `gone`: the answer was 410."
    )
    failing_since: str | None = Field(description="When it began to take nothing, if it does.")
    created_at: str
    old_secret_until: str | None = Field(
        description="Until when the secret before the last rotation signs too."
    )
    secret: str | None = Field(
        description="Shown when it is made, and never again.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAECAwQFBgc="],
    )


class WebhooksPage(Answered):
    data: list[WebhookOut]
    has_more: bool


class WebhookEventOut(Answered):
    """An event as it is sent, with its id (`webhook-id`)."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any] = Field(description="Ids and figures; nothing personal.")


class WebhookEventsPage(Answered):
    data: list[WebhookEventOut]
    has_more: bool


class AttemptOut(Answered):
    id: str
    event_id: str
    event_type: str
    at: str
    status: int | None = Field(description="The HTTP status; null where there was no answer.")
    took_ms: int
    answer: str = Field(description="The answer's first characters, or why there was none.")
    delivery: Literal["pending", "delivered", "failed"] = Field(
        description="Where the event's delivery stands now."
    )


class AttemptsPage(Answered):
    data: list[AttemptOut]
    has_more: bool


def endpoint_out(endpoint: Endpoint, secret: str | None = None) -> WebhookOut:
    return WebhookOut.model_validate(
        {
            "id": endpoint.id,
            "url": endpoint.url,
            "event_types": endpoint.event_types.split(" "),
            "enabled": endpoint.enabled,
            "disabled_reason": endpoint.disabled_reason,
            "failing_since": _moment(endpoint.failing_since_ms),
            "created_at": to_rfc3339(endpoint.created_at_ms),
            "old_secret_until": _moment(endpoint.old_secret_until_ms),
            "secret": secret,
        }
    )


def event_out(row: Mapping[str, Any]) -> WebhookEventOut:
    return WebhookEventOut(
        id=row["id"],
        type=row["type"],
        timestamp=to_rfc3339(row["at_ms"]),
        data=json.loads(row["data"]),
    )


def attempts_page(rows: Sequence[Mapping[str, Any]], limit: int) -> AttemptsPage:
    data = [
        AttemptOut(
            id=row["id"],
            event_id=row["event_id"],
            event_type=row["type"],
            at=to_rfc3339(row["at_ms"]),
            status=row["status"],
            took_ms=row["took_ms"],
            answer=row["answer"],
            delivery=row["state"],
        )
        for row in rows[:limit]
    ]
    return AttemptsPage(data=data, has_more=len(rows) > limit)


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else to_rfc3339(at_ms)
