"""Earning periods: whole calendar months in a program's own time, as the contract counts them.

A period is 1, 3, 6 or 12 calendar months and has a number, `(year * 12 + month - 1) // months`:
a yearly period's number is its year. Months begin at 00:00 of a fixed offset from UTC, because a
contract knows no zones. Zones with summer time have two offsets, and the program takes the
SMALLER one (`safe_utc_offset`): its midnight comes last, so no boundary is ever earlier than
midnight on the member's wall, only up to an hour later. Points earned in period p can be spent
until the end of period p + K, where K is the program's validity: K whole periods and the rest of
the one in which they were earned.

A program without periods (0 months) has points that never expire; its only period is number 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

PERIOD_MONTHS: Final = (1, 3, 6, 12)
VALIDITY_MAX: Final = 4
OFFSET_MINUTES_MIN: Final = -12 * 60
OFFSET_MINUTES_MAX: Final = 14 * 60
ENDLESS_PERIOD: Final = 1
"""The period of every point of a program whose points never expire."""

_DAY_SECONDS: Final = 86_400
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Calendar:
    """A program's periods; immutable, as they are in the contract's code."""

    period_months: int
    validity_periods: int
    utc_offset_minutes: int = 0

    def __post_init__(self) -> None:
        if not OFFSET_MINUTES_MIN <= self.utc_offset_minutes <= OFFSET_MINUTES_MAX:
            raise ValueError(f"no zone is {self.utc_offset_minutes} minutes from UTC")
        if self.period_months == 0:
            if self.validity_periods != 0:
                raise ValueError("points that never expire have no validity")
        elif self.period_months not in PERIOD_MONTHS:
            raise ValueError(f"a period has 1, 3, 6 or 12 months, not {self.period_months}")
        elif not 1 <= self.validity_periods <= VALIDITY_MAX:
            raise ValueError(f"validity is 1 … {VALIDITY_MAX} periods, not {self.validity_periods}")

    @property
    def expires(self) -> bool:
        """Whether points of this program expire at all."""
        return self.period_months != 0

    def period_at(self, timestamp: int) -> int:
        """The number of the period that `timestamp` (Unix seconds) lies in."""
        if not self.expires:
            return ENDLESS_PERIOD
        local = date.fromordinal(_EPOCH_DAY + self.day_at(timestamp))
        return (local.year * 12 + local.month - 1) // self.period_months

    def day_at(self, timestamp: int) -> int:
        """Days since 1970-01-01 in the program's time: budgets are per such day."""
        return (timestamp + 60 * self.utc_offset_minutes) // _DAY_SECONDS

    def first_day(self, period: int) -> date:
        """The first calendar day of `period`."""
        if not self.expires:
            raise ValueError("a program without expiry has no dated periods")
        year, month0 = divmod(period * self.period_months, 12)
        return date(year, month0 + 1, 1)

    def starts_at(self, period: int) -> int:
        """The first second of `period`."""
        days = self.first_day(period).toordinal() - _EPOCH_DAY
        return days * _DAY_SECONDS - 60 * self.utc_offset_minutes

    def expires_at(self, period: int) -> int | None:
        """The first second at which points earned in `period` are gone; None for never."""
        if not self.expires:
            return None
        return self.starts_at(period + self.validity_periods + 1)

    def last_day(self, period: int) -> date | None:
        """The last whole calendar day on which points earned in `period` can be spent.

        The date to say aloud ("until 31 March"): always the last day of a month.
        """
        if not self.expires:
            return None
        return self.first_day(period + self.validity_periods + 1) - timedelta(days=1)

    def lapsed(self, period: int, now_period: int) -> bool:
        """Whether points earned in `period` are gone in `now_period`."""
        return self.expires and now_period - period > self.validity_periods


def safe_utc_offset(zone: tzinfo, years: Iterable[int]) -> int:
    """The offset in minutes that keeps every month's boundary at or after `zone`'s midnight.

    It is the smallest one the zone has at the start of any month of `years`, in whole minutes
    rounded down. A law that later moves the zone west cannot change a program that exists: the
    boundary is then as much too early as the law says, so choose the years generously.
    """
    offsets = []
    for year in years:
        for month in range(1, 13):
            offset = datetime(year, month, 1, tzinfo=zone).utcoffset()
            if offset is None:
                raise ValueError(f"{zone} does not know its offset from UTC")
            offsets.append(offset // timedelta(minutes=1))
    if not offsets:
        raise ValueError("at least one year")
    return min(offsets)


def timestamp_of(moment: datetime) -> int:
    """Whole Unix seconds of an aware datetime, rounded down."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone names no instant")
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
