"""Records API calls off the till's path: in memory at once, in the ledger by a thread of its own.

The memory is bounded, and so is what one flush writes: at a rush, or while the database is busy,
calls go unlogged and are counted. A call costs the till an append to a list.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from backend.ledger.engine import writing
from backend.ledger.request_log import add_dropped, add_requests, note_keys_used

log = logging.getLogger(__name__)

HELD_MAX: Final = 2_000
"""Calls between two flushes; those above are dropped."""
FLUSH_SECONDS: Final = 2.0
KEY_NOTED_MS: Final = 60_000
KEYS_MAX: Final = 10_000


class RequestRecorder:
    """Of one process; start it, record calls, stop it."""

    def __init__(
        self, ledger: Engine, now_ms: Callable[[], int], flush_seconds: float = FLUSH_SECONDS
    ) -> None:
        self._ledger = ledger
        self._now_ms = now_ms
        self._flush_seconds = flush_seconds
        self._held: list[tuple[Any, ...]] = []
        self._dropped = 0
        self._noted: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes what is held and ends."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def record(
        self,
        request_id: str,
        caller: tuple[str, str],
        begun_ms: int,
        method: str,
        route: str,
        status: int,
        code: str | None,
    ) -> None:
        """Notes a call that has ended; `caller` is (merchant id, key id)."""
        if len(self._held) >= HELD_MAX:
            self._dropped += 1
            return
        took_ms = max(0, self._now_ms() - begun_ms)
        self._held.append((request_id, *caller, begun_ms, method, route, status, code, took_ms))

    def flush(self) -> None:
        """Writes what is held; what the database does not take now is dropped and counted."""
        rows, self._held = self._held, []
        dropped, self._dropped = self._dropped, 0
        if not rows and not dropped:
            return
        used = self._keys_to_note(rows)
        now = datetime.fromtimestamp(self._now_ms() // 1000, UTC)
        try:
            with writing(self._ledger) as connection:
                if rows:
                    add_requests(connection, rows)
                if dropped:
                    add_dropped(connection, now.toordinal(), dropped)
                note_keys_used(connection, used)
        except SQLAlchemyError as failure:
            self._dropped += dropped + len(rows)
            log.warning("%d calls go unlogged (%s)", len(rows), type(failure).__name__)
            return
        self._noted.update(used)

    def _keys_to_note(self, rows: list[tuple[Any, ...]]) -> dict[str, int]:
        """Keys whose last use is noted now: at most once a minute each."""
        if len(self._noted) > KEYS_MAX:
            self._noted.clear()
        latest = {row[2]: row[3] for row in rows}
        return {
            key_id: used_ms
            for key_id, used_ms in latest.items()
            if used_ms - self._noted.get(key_id, 0) >= KEY_NOTED_MS
        }

    def _run(self) -> None:
        while not self._stop.wait(self._flush_seconds):
            self.flush()
        self.flush()
