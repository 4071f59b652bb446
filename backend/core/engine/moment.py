"""When something happens, as a program sees it: the local day and minute of its own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backend.core.errors import TimezoneUnknown


@dataclass(frozen=True, slots=True)
class Moment:
    """A local date, minute of the day (0 … 1439) and weekday (Monday 0 … Sunday 6)."""

    day: date
    minute_of_day: int
    weekday: int

    @classmethod
    def at(cls, timestamp_ms: int, zone: str) -> Moment:
        """The moment of a UTC timestamp in an IANA zone; raises TimezoneUnknown."""
        local = datetime.fromtimestamp(timestamp_ms // 1000, _zone(zone))
        return cls(local.date(), local.hour * 60 + local.minute, local.weekday())

    @classmethod
    def on(cls, day: date, minute_of_day: int = 720) -> Moment:
        """A minute of a local day, midday unless said otherwise."""
        return cls(day, minute_of_day, day.weekday())


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise TimezoneUnknown("The time zone is not an IANA name.") from unknown
