"""One-time codes in the database: how many an address was sent, one by its token, the old ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Delete, Update, delete, func, or_, select, update

from backend.core.contact import CODE_MS, CODES_PER_DAY, CODES_PER_SPAN, DAY_MS
from backend.ledger.columns import table_of
from backend.ledger.message_tables import InboxMessage, Message, OneTimeCode

_CODES, _MESSAGES, _INBOX = table_of(OneTimeCode), table_of(Message), table_of(InboxMessage)
MESSAGE_DAYS = 30
INBOX_DAYS = 1


def too_many_codes(connection: Connection, person_digest: str, now_ms: int) -> bool:
    """Whether the address was sent as many codes as it may, in ten minutes or in a day."""
    mine = _CODES.c.person_digest == person_digest
    recent = func.count().filter(_CODES.c.created_at_ms > now_ms - CODE_MS)
    counted = select(func.count(), recent).where(mine, _CODES.c.created_at_ms > now_ms - DAY_MS)
    day_count, span_count = connection.execute(counted).one()
    return int(day_count) >= CODES_PER_DAY or int(span_count) >= CODES_PER_SPAN


def code_by_token(connection: Connection, token_sha256: str) -> dict[str, Any] | None:
    """The code's row; None for a token that is nobody's."""
    # Locked: of two tries at once in two processes, the second sees that the first was made.
    mine = select(_CODES).where(_CODES.c.token_sha256 == token_sha256).with_for_update()
    found = connection.execute(mine).first()
    return dict(found._mapping) if found else None


def try_taken(token_sha256: str) -> Update:
    """Takes one of the code's tries."""
    return (
        update(_CODES)
        .where(_CODES.c.token_sha256 == token_sha256)
        .values(tries_left=_CODES.c.tries_left - 1)
    )


def code_used(token_sha256: str, now_ms: int) -> Update:
    """Ends a code; what it was asked for is forgotten."""
    return (
        update(_CODES)
        .where(_CODES.c.token_sha256 == token_sha256)
        .values(used_at_ms=now_ms, sealed_context=None)
    )


def forget_old(connection: Connection, now_ms: int) -> int:
    """Deletes codes that count no more, what codes over were asked for, and old messages that are
    closed; how many rows that was."""
    over = _CODES.c.expires_at_ms <= now_ms
    statements: tuple[Update | Delete, ...] = (
        update(_CODES)
        .where(over, _CODES.c.sealed_context.is_not(None))
        .values(sealed_context=None),
        delete(_CODES).where(_CODES.c.created_at_ms <= now_ms - DAY_MS),
        delete(_MESSAGES).where(
            or_(_MESSAGES.c.closed_at_ms.is_not(None), _MESSAGES.c.state == "withheld"),
            _MESSAGES.c.created_at_ms <= now_ms - MESSAGE_DAYS * DAY_MS,
        ),
        delete(_INBOX).where(_INBOX.c.received_at_ms <= now_ms - INBOX_DAYS * DAY_MS),
    )
    return sum(connection.execute(statement).rowcount for statement in statements)
