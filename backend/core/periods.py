"""Periods that figures are asked for, each with the one before it to compare with."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from backend.core.days import SPAN_DAYS_MAX
from backend.core.life_errors import PeriodInvalid

DAYS: Final = {"7d": 7, "30d": 30}
MONTHS: Final = {"quarter": 3, "year": 12}
NAMES: Final = (*DAYS, *MONTHS, "all", "custom")
STEPS: Final = ("day", "week", "month")
# What is shown by day, and by week, before it becomes too many points to read.
_BY_DAY_MAX: Final = 62
_BY_WEEK_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included; `before` is as long and ends the day before, None
    where there is nothing to compare with."""

    name: str
    first: date
    last: date
    before: tuple[date, date] | None

    @property
    def step(self) -> str:
        """What the period is best read by."""
        length = (self.last - self.first).days + 1
        if length <= _BY_DAY_MAX:
            return "day"
        return "week" if length <= _BY_WEEK_MAX else "month"


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last."""
    month = day.year * 12 + day.month - 1 - months
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def period_named(name: str, today: date) -> Period:
    """A period that ends today; raises PeriodInvalid for a name without one."""
    if name in DAYS:
        first = today - timedelta(days=DAYS[name] - 1)
        return Period(name, first, today, _days_before(first, DAYS[name]))
    if name in MONTHS:
        ago = months_before(today, MONTHS[name])
        longer_ago = months_before(today, 2 * MONTHS[name])
        one = timedelta(days=1)
        return Period(name, ago + one, today, (longer_ago + one, ago))
    raise PeriodInvalid("There is no such period.")


def period_between(first: date, last: date) -> Period:
    """Days of somebody's choice; raises PeriodInvalid."""
    length = (last - first).days + 1
    if not 1 <= length <= SPAN_DAYS_MAX or first.toordinal() <= 2 * SPAN_DAYS_MAX:
        raise PeriodInvalid("A period has a first day and a last day that is not before it.")
    return Period("custom", first, last, _days_before(first, length))


def _days_before(first: date, days: int) -> tuple[date, date]:
    return first - timedelta(days=days), first - timedelta(days=1)


def step_start(day: int, step: str) -> int:
    """The first day (an ordinal) of the week (ISO 8601) or month that a day is in."""
    if step == "week":
        return day - (day - 1) % 7
    return date.fromordinal(day).replace(day=1).toordinal() if step == "month" else day
