"""Deliver events to merchants' webhooks: in order, at least once, for three days.

Events become deliveries, one for each endpoint that wants them; each endpoint is called by one
thread at a time. What was sent is noted after it was answered: whoever dies in between sends the
same event again, under the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Engine

from backend import __version__
from backend.core.webhooks import (
    DISABLE_MS,
    GONE,
    HOLDING_ATTEMPTS,
    is_over,
    next_attempt_ms,
    signature,
)
from backend.duties.addresses import Reach
from backend.duties.post import WHOLE_S, Line, Outcome
from backend.ledger import webhooks
from backend.ledger.engine import writing
from backend.ledger.vault import Vault
from backend.ledger.webhooks import Due, Endpoint

log = logging.getLogger(__name__)

ROUND_EVENTS: Final = 25
ROUND_MS: Final = 2_000
KEPT_MS: Final = 30 * 24 * 3_600_000
"""How long events and attempts can be looked at and sent again."""

_THREADS: Final = 8
_TIDY_MS: Final = 3_600_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAILING: Final = "failing"
_GONE: Final = "gone"


@dataclass(slots=True)
class Webhooks:
    """The duty. `now_ms` is the wall clock, as receivers compare their own with it."""

    engine: Engine
    vault: Vault
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    entropy: Callable[[int], bytes]
    reach: Reach
    whole_s: float = WHOLE_S
    name: str = "webhooks"
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_THREADS, "webhook")
    )
    _under_way: dict[str, Future[None]] = field(default_factory=dict)
    _held_until_ms: dict[str, int] = field(default_factory=dict)
    _tidy_at_ms: int = 0

    def step(self) -> int:
        """Makes deliveries of new events and starts calling whoever has something due."""
        now_ms = self.now_ms()
        with self.engine.connect() as connection:
            waiting = bool(webhooks.waiting_events(connection))
        count = 0
        if waiting:
            with writing(self.engine) as connection:
                events = webhooks.waiting_events(connection)
                webhooks.dispatch(connection, events, now_ms)
                count = len(events)
        self._under_way = {name: one for name, one in self._under_way.items() if not one.done()}
        with self.engine.connect() as connection:
            due = webhooks.endpoints_to_call(connection, now_ms)
        for endpoint in due:
            held = self._held_until_ms.get(endpoint.id, 0) > now_ms
            if not held and endpoint.id not in self._under_way:
                self._under_way[endpoint.id] = self._pool.submit(self._call, endpoint)
                count += 1
        return count + self._tidy(now_ms)

    def finish(self) -> None:
        """Waits for the calls under way."""
        wait(self._under_way.values())

    def close(self) -> None:
        """Ends the threads, after the calls under way."""
        self._pool.shutdown()

    def _tidy(self, now_ms: int) -> int:
        if now_ms < self._tidy_at_ms:
            return 0
        with writing(self.engine) as connection:
            gone = webhooks.forget(connection, now_ms - KEPT_MS)
        self._tidy_at_ms = now_ms if gone else now_ms + _TIDY_MS
        return gone

    def _call(self, endpoint: Endpoint) -> None:
        try:
            self._round(endpoint)
        except Exception:
            # What was sent and not noted is sent again; other endpoints are not concerned.
            log.exception("calling webhook %s failed", endpoint.id)
            self._held_until_ms[endpoint.id] = self.now_ms() + 2_000

    def _round(self, endpoint: Endpoint) -> None:
        """Sends what is due, until something holds the line or the round has lasted long enough,
        and then notes all of it at once."""
        started_ms = self.now_ms()
        with self.engine.connect() as connection:
            due = webhooks.due_of(connection, endpoint.id, started_ms, ROUND_EVENTS)
        secrets = self._secrets(endpoint, started_ms)
        done: list[tuple[Due, Outcome, int]] = []
        self._held_until_ms.pop(endpoint.id, None)
        with Line(endpoint.url, self.reach, self.whole_s) as line:
            for one in due:
                if one.next_at_ms > started_ms:
                    self._held_until_ms[endpoint.id] = one.next_at_ms
                    break
                at_ms = self.now_ms()
                outcome = self._send(line, one, secrets, at_ms)
                done.append((one, outcome, at_ms))
                holds = not outcome.taken and one.attempts + 1 < HOLDING_ATTEMPTS
                if holds or self.now_ms() - started_ms > ROUND_MS:
                    break
        if done:
            self._note(endpoint, done)

    def _send(self, line: Line, one: Due, secrets: list[str], at_ms: int) -> Outcome:
        body = payload(one.type, one.at_ms, one.data)
        at_s = at_ms // 1000
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"mereau-webhooks/{__version__}",
            "webhook-id": one.event_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(secrets, one.event_id, at_s, body),
        }
        return line.post(body, headers)

    def _secrets(self, endpoint: Endpoint, now_ms: int) -> list[str]:
        sealed = [endpoint.sealed_secret]
        if endpoint.sealed_old_secret and now_ms < (endpoint.old_secret_until_ms or 0):
            sealed.append(endpoint.sealed_old_secret)
        return [self.vault.open_webhook_secret(endpoint.id, each) for each in sealed]

    def _note(self, endpoint: Endpoint, done: list[tuple[Due, Outcome, int]]) -> None:
        now_ms = self.now_ms()
        failing_since_ms = endpoint.failing_since_ms
        with writing(self.engine) as connection:
            for one, outcome, at_ms in done:
                state, next_ms = self._standing(one, outcome, now_ms)
                attempt = self._attempt(endpoint, one, outcome, at_ms)
                webhooks.note_attempt(connection, attempt, state, next_ms)
                if outcome.taken:
                    failing_since_ms = None
                elif failing_since_ms is None:
                    failing_since_ms = at_ms
            if failing_since_ms != endpoint.failing_since_ms:
                webhooks.note_health(connection, endpoint.id, failing_since_ms)
            if done[-1][1].status == GONE:
                webhooks.disable(connection, endpoint, _GONE)
            elif failing_since_ms is not None and now_ms - failing_since_ms >= DISABLE_MS:
                log.warning("webhook %s took nothing for days and is switched off", endpoint.id)
                webhooks.disable(connection, endpoint, _FAILING)

    def _standing(self, one: Due, outcome: Outcome, now_ms: int) -> tuple[str, int]:
        """Whether the delivery has arrived, is over, or is to be tried again, and when."""
        if outcome.taken:
            return webhooks.DELIVERED, now_ms
        if is_over(one.since_ms, now_ms):
            return webhooks.FAILED, now_ms
        again_ms = next_attempt_ms(one.attempts + 1, now_ms, self.entropy(1)[0])
        return webhooks.PENDING, again_ms

    def _attempt(
        self, endpoint: Endpoint, one: Due, outcome: Outcome, at_ms: int
    ) -> dict[str, Any]:
        return {
            "id": self.new_id("wat"),
            "endpoint_id": endpoint.id,
            "event_id": one.event_id,
            "at_ms": at_ms,
            "status": outcome.status,
            "took_ms": outcome.took_ms,
            "answer": outcome.answer,
        }


def payload(event_type: str, at_ms: int, data: str) -> bytes:
    """The request's body; the same bytes at every attempt."""
    moment = (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
    head = msgspec.json.encode({"type": event_type, "timestamp": moment.replace("+00:00", "Z")})
    return head[:-1] + b',"data":' + data.encode() + b"}"
