"""Periods and days of a program, by the civil calendar of the standard library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`months` per period, 0 for points that never expire; the program's time is UTC plus
    `offset_minutes`."""

    months: int
    offset_minutes: int

    def period(self, timestamp_s: int) -> int:
        """The number of the period: `(year * 12 + month - 1) / months`; 1 without periods."""
        if self.months == 0:
            return 1
        local = _EPOCH + timedelta(seconds=timestamp_s, minutes=self.offset_minutes)
        return (local.year * 12 + local.month - 1) // self.months

    def day(self, timestamp_s: int) -> int:
        """Days since 1970-01-01 in the program's time."""
        local = _EPOCH + timedelta(seconds=timestamp_s, minutes=self.offset_minutes)
        return (local - _EPOCH).days
