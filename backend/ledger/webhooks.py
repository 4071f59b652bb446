"""Reads of webhooks, and the writes of the worker that delivers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from backend.core.webhooks import HOLDING_ATTEMPTS, wants
from backend.ledger.bulk import insert_rows
from backend.ledger.columns import table_of
from backend.ledger.tables import Program, ProgramTotals
from backend.ledger.webhook_tables import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)

Row = dict[str, Any]
PENDING: Final = "pending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"

_ENDPOINTS, _EVENTS = table_of(WebhookEndpoint), table_of(WebhookEvent)
_DELIVERIES, _ATTEMPTS = table_of(WebhookDelivery), table_of(WebhookAttempt)
_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_TURN: Final = 500


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as stored; secrets stay sealed."""

    id: str
    merchant_id: str
    url: str
    event_types: str
    enabled: bool
    created_at_ms: int
    sealed_secret: bytes
    sealed_old_secret: bytes | None
    old_secret_until_ms: int | None
    failing_since_ms: int | None
    disabled_reason: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is to be tried, with its event."""

    event_id: str
    type: str
    at_ms: int
    data: str
    attempts: int
    since_ms: int
    next_at_ms: int


def listens(connection: Connection, merchant_id: str) -> bool:
    """Whether the merchant has a webhook that is on."""
    on = exists().where(_ENDPOINTS.c.merchant_id == merchant_id, _ENDPOINTS.c.enabled)
    return bool(connection.execute(select(on)).scalar())


def listening(merchant_id: str) -> Executable:
    """The statement that notes, in the merchant's programs, whether it has one."""
    on = exists().where(_ENDPOINTS.c.merchant_id == merchant_id, _ENDPOINTS.c.enabled)
    own = select(_PROGRAMS.c.id).where(_PROGRAMS.c.merchant_id == merchant_id)
    return update(_TOTALS).where(_TOTALS.c.program_id.in_(own)).values(tells=on)


def endpoints_of(connection: Connection, merchant_id: str) -> list[Endpoint]:
    """A merchant's, oldest first."""
    found = select(_ENDPOINTS).where(_ENDPOINTS.c.merchant_id == merchant_id)
    return [Endpoint(**row._mapping) for row in connection.execute(found.order_by("id"))]


def endpoint_of(connection: Connection, merchant_id: str, endpoint_id: str) -> Endpoint | None:
    found = select(_ENDPOINTS).where(
        _ENDPOINTS.c.merchant_id == merchant_id, _ENDPOINTS.c.id == endpoint_id
    )
    row = connection.execute(found).first()
    return Endpoint(**row._mapping) if row else None


def removal(endpoint_id: str) -> list[Executable]:
    """The statements that delete an endpoint and what was sent to it."""
    return [
        delete(_ATTEMPTS).where(_ATTEMPTS.c.endpoint_id == endpoint_id),
        delete(_DELIVERIES).where(_DELIVERIES.c.endpoint_id == endpoint_id),
        delete(_ENDPOINTS).where(_ENDPOINTS.c.id == endpoint_id),
    ]


def event_of(connection: Connection, merchant_id: str, event_id: str) -> Row | None:
    found = select(_EVENTS).where(_EVENTS.c.merchant_id == merchant_id, _EVENTS.c.id == event_id)
    row = connection.execute(found).first()
    return dict(row._mapping) if row else None


def events_of(
    connection: Connection, merchant_id: str, event_type: str, before: str | None, limit: int
) -> list[Row]:
    """A merchant's events, the newest first, from behind the event `before`."""
    found = select(_EVENTS).where(_EVENTS.c.merchant_id == merchant_id)
    if event_type:
        found = found.where(_EVENTS.c.type == event_type)
    if before is not None:
        found = found.where(_EVENTS.c.id != before, _before(connection, merchant_id, before))
    ordered = found.order_by(_EVENTS.c.order_no.desc(), _EVENTS.c.id.desc()).limit(limit)
    return [dict(row._mapping) for row in connection.execute(ordered)]


def _before(connection: Connection, merchant_id: str, event_id: str) -> ColumnElement[bool]:
    last = event_of(connection, merchant_id, event_id)
    at = last["order_no"] if last else -1
    return or_(_EVENTS.c.order_no < at, (_EVENTS.c.order_no == at) & (_EVENTS.c.id < event_id))


def attempts_of(
    connection: Connection, endpoint_id: str, before: str | None, limit: int
) -> list[Row]:
    """What was sent to an endpoint, the newest first, each with its event's type and whether
    that has arrived."""
    found = (
        select(_ATTEMPTS, _EVENTS.c.type, _DELIVERIES.c.state)
        .join(_EVENTS, _EVENTS.c.id == _ATTEMPTS.c.event_id)
        .join(
            _DELIVERIES,
            (_DELIVERIES.c.endpoint_id == _ATTEMPTS.c.endpoint_id)
            & (_DELIVERIES.c.event_id == _ATTEMPTS.c.event_id),
        )
        .where(_ATTEMPTS.c.endpoint_id == endpoint_id)
        .order_by(_ATTEMPTS.c.id.desc())
        .limit(limit)
    )
    if before:
        found = found.where(_ATTEMPTS.c.id < before)
    return [dict(row._mapping) for row in connection.execute(found)]


def delivery_of(connection: Connection, endpoint_id: str, event_id: str) -> Row | None:
    found = select(_DELIVERIES).where(
        _DELIVERIES.c.endpoint_id == endpoint_id, _DELIVERIES.c.event_id == event_id
    )
    row = connection.execute(found).first()
    return dict(row._mapping) if row else None


def waiting_events(connection: Connection) -> list[Row]:
    """Events without their deliveries, in the order in which they are told."""
    found = (
        select(_EVENTS)
        .where(~_EVENTS.c.dispatched)
        .order_by(_EVENTS.c.order_no, _EVENTS.c.id)
        .limit(_TURN)
    )
    return [dict(row._mapping) for row in connection.execute(found)]


def dispatch(connection: Connection, events: Sequence[Row], now_ms: int) -> int:
    """Makes the deliveries of events for every endpoint that is on and was there before; how
    many."""
    merchants = {event["merchant_id"] for event in events}
    on = select(_ENDPOINTS).where(_ENDPOINTS.c.merchant_id.in_(merchants), _ENDPOINTS.c.enabled)
    endpoints = [Endpoint(**row._mapping) for row in connection.execute(on)]
    rows = [
        delivery_row(endpoint.id, event, now_ms)
        for event in events
        for endpoint in endpoints
        if endpoint.merchant_id == event["merchant_id"]
        and endpoint.created_at_ms <= event["at_ms"]
        and wants(endpoint.event_types, event["type"])
    ]
    insert_rows(connection, _DELIVERIES, rows)
    named = [{"event": event["id"]} for event in events]
    done = update(_EVENTS).where(_EVENTS.c.id == bindparam("event")).values(dispatched=True)
    connection.execute(done, named)
    return len(rows)


def delivery_row(endpoint_id: str, event: Row, now_ms: int) -> Row:
    """A delivery that is due at once."""
    return {
        "endpoint_id": endpoint_id,
        "event_id": event["id"],
        "order_no": event["order_no"],
        "state": PENDING,
        "attempts": 0,
        "since_ms": now_ms,
        "next_at_ms": now_ms,
    }


def endpoints_to_call(connection: Connection, now_ms: int) -> list[Endpoint]:
    """Endpoints that are on and for which something is due."""
    due = exists().where(
        _DELIVERIES.c.endpoint_id == _ENDPOINTS.c.id,
        _DELIVERIES.c.state == PENDING,
        _DELIVERIES.c.next_at_ms <= now_ms,
    )
    found = select(_ENDPOINTS).where(_ENDPOINTS.c.enabled, due).order_by(_ENDPOINTS.c.id)
    return [Endpoint(**row._mapping) for row in connection.execute(found)]


def due_of(connection: Connection, endpoint_id: str, now_ms: int, limit: int) -> list[Due]:
    """What is to be tried next, in order. One that holds the line is among them even if it is not
    due yet; one that has stepped aside is when it is due."""
    found = (
        select(
            _DELIVERIES.c.event_id, _EVENTS.c.type, _EVENTS.c.at_ms, _EVENTS.c.data,
            _DELIVERIES.c.attempts, _DELIVERIES.c.since_ms, _DELIVERIES.c.next_at_ms,
        )
        .join(_EVENTS, _EVENTS.c.id == _DELIVERIES.c.event_id)
        .where(
            _DELIVERIES.c.endpoint_id == endpoint_id,
            _DELIVERIES.c.state == PENDING,
            or_(_DELIVERIES.c.attempts < HOLDING_ATTEMPTS, _DELIVERIES.c.next_at_ms <= now_ms),
        )
        .order_by(_DELIVERIES.c.order_no, _DELIVERIES.c.event_id)
        .limit(limit)
    )  # fmt: skip
    return [Due(**row._mapping) for row in connection.execute(found)]


def note_attempt(connection: Connection, attempt: Row, state: str, next_at_ms: int) -> None:
    """Writes down what came of a request, and where its delivery stands after it."""
    connection.execute(insert(_ATTEMPTS), attempt)
    connection.execute(
        update(_DELIVERIES)
        .where(
            _DELIVERIES.c.endpoint_id == attempt["endpoint_id"],
            _DELIVERIES.c.event_id == attempt["event_id"],
        )
        .values(state=state, attempts=_DELIVERIES.c.attempts + 1, next_at_ms=next_at_ms)
    )


def note_health(connection: Connection, endpoint_id: str, failing_since_ms: int | None) -> None:
    """When the endpoint began to take nothing; None while it takes what it is sent."""
    changed = update(_ENDPOINTS).where(_ENDPOINTS.c.id == endpoint_id)
    connection.execute(changed.values(failing_since_ms=failing_since_ms))


def disable(connection: Connection, endpoint: Endpoint, reason: str) -> None:
    """Switches an endpoint off, and the writing of events where it was the merchant's last."""
    changed = update(_ENDPOINTS).where(_ENDPOINTS.c.id == endpoint.id)
    connection.execute(changed.values(enabled=False, disabled_reason=reason))
    connection.execute(listening(endpoint.merchant_id))


def forget(connection: Connection, before_ms: int) -> int:
    """Deletes attempts, deliveries and events of long ago; how many events. What is still on its
    way stays."""
    old = select(_EVENTS.c.id).where(
        _EVENTS.c.at_ms < before_ms,
        _EVENTS.c.dispatched,
        ~exists().where(_DELIVERIES.c.event_id == _EVENTS.c.id, _DELIVERIES.c.state == PENDING),
    ).limit(_TURN)  # fmt: skip
    ids = [row.id for row in connection.execute(old)]
    for table, column in (
        (_ATTEMPTS, _ATTEMPTS.c.event_id),
        (_DELIVERIES, _DELIVERIES.c.event_id),
        (_EVENTS, _EVENTS.c.id),
    ):
        connection.execute(delete(table).where(column.in_(ids)))
    return len(ids)
