"""The duty that forgets API calls that have been logged long enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine

from backend.core.ids import ENTROPY_BYTES, make_id
from backend.ledger.engine import writing
from backend.ledger.request_log import remove_requests

DAY_MS: Final = 86_400_000
LOOK_AFTER_MS: Final = 600_000


@dataclass(slots=True)
class ForgetRequests:
    """Looks every ten minutes, and goes on at once while there is more to forget."""

    ledger: Engine
    now_ms: Callable[[], int]
    kept_days: int
    name: str = "requests"
    _looked_at_ms: int = field(default=0, repr=False)

    def step(self) -> int:
        now_ms = self.now_ms()
        if now_ms - self._looked_at_ms < LOOK_AFTER_MS:
            return 0
        before_ms = now_ms - self.kept_days * DAY_MS
        before_id = make_id("req", before_ms, bytes(ENTROPY_BYTES))
        day = datetime.fromtimestamp(before_ms // 1000, UTC).toordinal()
        with writing(self.ledger) as connection:
            removed = remove_requests(connection, before_id, day)
        if not removed:
            self._looked_at_ms = now_ms
        return removed
