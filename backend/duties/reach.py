"""Count whom campaigns reached, so that no page has to read every purchase for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine

from backend.ledger import campaigns
from backend.ledger.engine import writing

AGAIN_MS: Final = 60_000


@dataclass(slots=True)
class Reach:
    """The duty: a campaign that goes on giving is counted once a minute."""

    engine: Engine
    now_ms: Callable[[], int]
    name: str = "reach"
    _counted_at_ms: dict[tuple[str, str], int] = field(default_factory=dict)

    def step(self) -> int:
        """Counts one campaign, if there is one whose turn it is."""
        now_ms = self.now_ms()
        with self.engine.connect() as connection:
            due = [
                use
                for use in campaigns.uncounted_uses(connection)
                if now_ms - self._counted_at_ms.get((use.program_id, use.campaign), 0) >= AGAIN_MS
            ]
            if not due:
                return 0
            use = due[0]
            members = campaigns.count_reached(connection, use.program_id, use.campaign)
        with writing(self.engine) as connection:
            campaigns.note_reached(connection, use, members)
        self._counted_at_ms[use.program_id, use.campaign] = now_ms
        return 1
