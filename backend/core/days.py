"""Spans of whole days in a program's own time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from backend.core.calendar import timestamp_of
from backend.core.life_errors import PeriodInvalid

SPAN_DAYS_MAX: Final = 3660
_FIRST_DAY: Final = date(1970, 1, 2)
_LAST_DAY: Final = date(9000, 1, 1)


def span_ms(first: date, last: date, zone: str) -> tuple[int, int]:
    """From the first midnight to the one after the last day, in UTC milliseconds: a day has 23 or
    25 hours where the clocks change. `zone` is an IANA name. Raises PeriodInvalid."""
    if not _FIRST_DAY <= first <= last <= _LAST_DAY:
        raise PeriodInvalid("A period has a first day and a last day that is not before it.")
    if (last - first).days > SPAN_DAYS_MAX:
        raise PeriodInvalid(f"A period has at most {SPAN_DAYS_MAX} days.")
    return _midnight_ms(first, zone), _midnight_ms(last + timedelta(days=1), zone)


def _midnight_ms(day: date, zone: str) -> int:
    return timestamp_of(datetime.combine(day, time(), ZoneInfo(zone))) * 1000
