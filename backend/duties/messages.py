"""The duty that sends what is due, tries again what was not taken, and gives up in the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from backend.core.contact import Channel, MessageState, retry_after_ms
from backend.duties.couriers import Courier, Never, NotNow
from backend.ledger.engine import writing
from backend.ledger.messages import (
    DueMessage,
    any_due,
    close_message,
    content_of,
    put_off,
    take_due,
)
from backend.ledger.one_time_codes import forget_old
from backend.ledger.vault import Vault

log = logging.getLogger(__name__)

LEASE_MS: Final = 120_000
"""Longer than a courier may take for all that one step sends."""
AT_ONCE: Final = 5
EXPIRED: Final = "expired"
_TIDY_MS: Final = 60_000


@dataclass(slots=True)
class SendMessages:
    """Sends over the courier of each channel; what has none waits, and is given up in its time."""

    engine: Engine
    vault: Vault
    now_ms: Callable[[], int]
    couriers: Mapping[Channel, Courier]
    name: str = "messages"
    _tidied_ms: int = 0

    def step(self) -> int:
        now_ms = self.now_ms()
        if abs(now_ms - self._tidied_ms) >= _TIDY_MS:
            self._tidied_ms = now_ms
            with writing(self.engine) as connection:
                forget_old(connection, now_ms)
        with self.engine.connect() as connection:
            if not any_due(connection, now_ms):
                return 0
        with writing(self.engine) as connection:
            due = take_due(connection, now_ms, LEASE_MS, AT_ONCE)
        for message in due:
            self._send(message)
        return len(due)

    def _send(self, message: DueMessage) -> None:
        now_ms = self.now_ms()
        if now_ms >= message.expires_at_ms:
            self._close(message, MessageState.FAILED, EXPIRED)
            return
        try:
            courier = self.couriers.get(message.channel)
            if courier is None:
                raise NotNow("no courier")
            content = content_of(self.vault, message.id, message.sealed_content)
            courier.send(message.id, content)
        except NotNow as failure:
            due_at_ms = now_ms + retry_after_ms(message.attempts)
            log.warning("message %s was not taken (%s)", message.id, failure)
            with writing(self.engine) as connection:
                put_off(connection, message.id, min(due_at_ms, message.expires_at_ms), str(failure))
        except Never as failure:
            log.warning("message %s is given up (%s)", message.id, failure)
            self._close(message, MessageState.FAILED, str(failure))
        else:
            self._close(message, MessageState.SENT, None)

    def _close(self, message: DueMessage, state: MessageState, failure: str | None) -> None:
        with writing(self.engine) as connection:
            close_message(connection, message.id, state, self.now_ms(), failure)
