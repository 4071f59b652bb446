"""Lapse: write down what expired for members who have not come by since.

Whoever shops or redeems is brought up to date on the way; for everybody else the settler does it
after a period has ended, a slice at a time, so that the till is never kept waiting for long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from backend.core.calendar import Calendar
from backend.ledger.engine import writing
from backend.ledger.lapses import expiring_programs, members_with_lapsed
from backend.ledger.rebase import rebase

SLICE_MEMBERS = 200
LOOK_AFTER_MS = 60_000


@dataclass(slots=True)
class LapseSweep:
    """Remembers when there is nothing left to do, and looks again once a minute."""

    engine: Engine
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    _next_look_ms: int = 0

    def step(self) -> int:
        """Writes down one slice; how many members that were."""
        now_ms = self.now_ms()
        if now_ms < self._next_look_ms:
            return 0
        with self.engine.connect() as connection:
            programs = expiring_programs(connection)
            due = [
                (program_id, calendar, members)
                for program_id, calendar in programs
                if (
                    members := members_with_lapsed(
                        connection, program_id, calendar, now_ms, SLICE_MEMBERS
                    )
                )
            ]
        if not due:
            self._next_look_ms = min(
                [now_ms + LOOK_AFTER_MS, *(_next_period_ms(c, now_ms) for _, c in programs)]
            )
            return 0
        for program_id, _, members in due:
            with writing(self.engine) as connection:
                rebase(connection, program_id, members, now_ms, self.new_id)
        return sum(len(members) for _, _, members in due)


def _next_period_ms(calendar: Calendar, now_ms: int) -> int:
    return calendar.starts_at(calendar.period_at(now_ms // 1000) + 1) * 1000
