"""Tell a merchant's webhooks who loses points at the end of a period, a month before it.

Each member once in a period, in slices: what reminders are sent from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from backend.core.webhooks import EventType
from backend.ledger import expiring_told
from backend.ledger.engine import writing
from backend.ledger.expiring_told import TellingProgram
from backend.ledger.webhook_events import tell_all
from backend.services.minute_sweep import MinuteSweep
from backend.services.read_expiring import DAY_MS, members_losing

NOTICE_DAYS: Final = 30
SLICE_MEMBERS: Final = 200


@dataclass(slots=True)
class ExpiringSweep(MinuteSweep):
    """Counts members."""

    def do_slice(self, now_ms: int) -> int:
        with self.engine.connect() as connection:
            programs = expiring_told.telling_programs(connection)
        return sum(self._tell(program, now_ms) for program in programs)

    def _tell(self, program: TellingProgram, now_ms: int) -> int:
        period = program.calendar.period_at(now_ms // 1000)
        ends_at_ms = program.calendar.starts_at(period + 1) * 1000
        if ends_at_ms - now_ms > NOTICE_DAYS * DAY_MS:
            return 0
        try:
            with writing(self.engine) as connection:
                return self._slice(connection, program, period, ends_at_ms, now_ms)
        except IntegrityError:
            # Another process has begun.
            return 0

    def _slice(
        self,
        connection: Connection,
        program: TellingProgram,
        period: int,
        ends_at_ms: int,
        now_ms: int,
    ) -> int:
        after = expiring_told.told_after(connection, program.id, period)
        if after is None:
            return 0
        found = members_losing(
            connection, program.merchant_id, program.id, program.calendar,
            ends_at_ms, now_ms, SLICE_MEMBERS, after,
        )  # fmt: skip
        told = [
            {
                "member_id": one.member_id,
                "points": sum(lot.points for lot in one.lots),
                "last_day": one.lots[-1].last_day.isoformat(),
            }
            for one in found.members
        ]
        tell_all(
            connection, program.merchant_id, program.id, EventType.POINTS_EXPIRING, told,
            now_ms, self.new_id,
        )  # fmt: skip
        expiring_told.note_told(connection, program.id, period, found.next_after)
        return len(told)
