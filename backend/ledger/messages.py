"""The outbox of messages to people: what is due, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from backend.core.contact import Channel, Content, MessageState
from backend.core.identifiers import Identifier, IdentifierKind
from backend.ledger.columns import table_of
from backend.ledger.message_tables import InboxMessage, Message
from backend.ledger.vault import Vault

INBOX_MAX = 200
_KINDS = {Channel.EMAIL: IdentifierKind.EMAIL, Channel.SMS: IdentifierKind.PHONE}
_MESSAGES, _INBOX = table_of(Message), table_of(InboxMessage)
_DUE = (
    select(_MESSAGES)
    .where(
        _MESSAGES.c.state == MessageState.WAITING.value,
        _MESSAGES.c.due_at_ms <= bindparam("now_ms"),
    )
    .order_by(_MESSAGES.c.due_at_ms, _MESSAGES.c.id)
    .limit(bindparam("row_limit"))
)
_NEWEST = select(_INBOX).order_by(_INBOX.c.received_at_ms.desc(), _INBOX.c.id.desc())


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message whose turn it is, as stored."""

    id: str
    channel: Channel
    sealed_content: bytes
    attempts: int
    due_at_ms: int
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a receiver of the development system got it."""

    id: str
    channel: Channel
    content: Content
    received_at_ms: int


def message_row(
    vault: Vault,
    message_id: str,
    channel: Channel,
    content: Content,
    now_ms: int,
    expires_at_ms: int,
    member_id: str | None = None,
) -> dict[str, Any]:
    """A message that is due at once, sealed."""
    return {
        "id": message_id,
        "channel": channel.value,
        "member_id": member_id,
        "person_digest": vault.person_digest(Identifier(_KINDS[channel], content.to)),
        "sealed_content": vault.seal_note(message_id, msgspec.json.encode(content)),
        "state": MessageState.WAITING.value,
        "attempts": 0,
        "due_at_ms": now_ms,
        "created_at_ms": now_ms,
        "expires_at_ms": expires_at_ms,
        "closed_at_ms": None,
        "failure": None,
    }


def content_of(vault: Vault, note_id: str, sealed: bytes) -> Content:
    """What was sealed, again."""
    return msgspec.json.decode(vault.open_note(note_id, sealed), type=Content)


def any_due(connection: Connection, now_ms: int) -> bool:
    """Whether anything is due."""
    return connection.execute(_DUE, {"now_ms": now_ms, "row_limit": 1}).first() is not None


def take_due(connection: Connection, now_ms: int, lease_ms: int, limit: int) -> list[DueMessage]:
    """Messages that are due, kept from other senders for so long: one that is broken off comes to
    be due again."""
    taken = []
    for row in connection.execute(_DUE, {"now_ms": now_ms, "row_limit": limit}).all():
        mine = connection.execute(
            update(_MESSAGES)
            .where(_MESSAGES.c.id == row.id, _MESSAGES.c.due_at_ms == row.due_at_ms)
            .values(due_at_ms=now_ms + lease_ms, attempts=row.attempts + 1)
        )
        if mine.rowcount == 1:
            taken.append(
                DueMessage(
                    id=row.id,
                    channel=Channel(row.channel),
                    sealed_content=row.sealed_content,
                    attempts=row.attempts + 1,
                    due_at_ms=now_ms + lease_ms,
                    expires_at_ms=row.expires_at_ms,
                )
            )
    return taken


def close_message(
    connection: Connection, message_id: str, state: MessageState, now_ms: int, failure: str | None
) -> None:
    """Sent or given up; what it said is forgotten."""
    connection.execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.id == message_id)
        .values(state=state.value, sealed_content=None, closed_at_ms=now_ms, failure=failure)
    )


def put_off(connection: Connection, message_id: str, due_at_ms: int, failure: str) -> None:
    """To be tried again at a later moment."""
    connection.execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.id == message_id)
        .values(due_at_ms=due_at_ms, failure=failure)
    )


def messages_by_state(connection: Connection) -> dict[str, int]:
    """How many messages there are in each state."""
    counted = select(_MESSAGES.c.state, func.count()).group_by(_MESSAGES.c.state)
    return {state: int(count) for state, count in connection.execute(counted)}


def receive(
    connection: Connection,
    vault: Vault,
    inbox_id: str,
    message_id: str,
    channel: Channel,
    content: Content,
    now_ms: int,
) -> None:
    """Keeps what a receiver of the development system got, and no more than the newest."""
    connection.execute(
        _INBOX.insert(),
        {
            "id": inbox_id,
            "message_id": message_id,
            "channel": channel.value,
            "sealed_content": vault.seal_note(inbox_id, msgspec.json.encode(content)),
            "received_at_ms": now_ms,
        },
    )
    kept = [row.id for row in connection.execute(_NEWEST.limit(INBOX_MAX))]
    connection.execute(delete(_INBOX).where(_INBOX.c.id.not_in(kept)))


def inbox(connection: Connection, vault: Vault, limit: int) -> list[Received]:
    """The newest that were received, newest first."""
    return [
        Received(
            row.id,
            Channel(row.channel),
            content_of(vault, row.id, row.sealed_content),
            row.received_at_ms,
        )
        for row in connection.execute(_NEWEST.limit(limit))
    ]
