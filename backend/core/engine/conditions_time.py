"""Conditions about the moment: happy hours, weekdays, days of the month."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from backend.core.engine.conditions import Condition, Parser, Scope
from backend.core.engine.reading import Reading, one_of

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY: Final = frozenset(range(7))
_MINUTES_A_DAY: Final = 1440


def _days(reading: Reading) -> frozenset[int]:
    return frozenset(WEEKDAYS.index(name) for name in reading.texts(one_of(*WEEKDAYS)))


def weekdays_of(when: Reading) -> frozenset[int]:
    """The weekdays on which a condition can hold that was read before."""
    days = when.get("weekdays", _days, EVERY_DAY)
    if not when.has("hours"):
        return days
    spans = [_span(item) for item in when.child("hours").items(50)]
    open_on = {day for _, _, opened in spans for day in opened}
    open_on |= {(day + 1) % 7 for start, end, opened in spans if end < start for day in opened}
    return days & open_on


def _weekdays(reading: Reading, _: Scope) -> Condition:
    days = _days(reading)
    return lambda context: context.weekday in days


def _days_of_month(reading: Reading, _: Scope) -> Condition:
    days = frozenset(item.integer(1, 31) for item in reading.items(31))
    return lambda context: context.day.day in days


def _hours(reading: Reading, _: Scope) -> Condition:
    windows = [_window(item) for item in reading.items(50)]
    if len(windows) == 1:
        (only,) = windows
        return lambda context: only(context.weekday, context.minute)
    return lambda context: any(window(context.weekday, context.minute) for window in windows)


def _window(reading: Reading) -> Callable[[int, int], bool]:
    """Whether a weekday and minute lie in the window."""
    start, end, days = _span(reading)
    if start < end:
        return lambda weekday, minute: start <= minute < end and weekday in days

    def over_midnight(weekday: int, minute: int) -> bool:
        if minute >= start:
            return weekday in days
        return minute < end and (weekday - 1) % 7 in days

    return over_midnight


def _span(reading: Reading) -> tuple[int, int, frozenset[int]]:
    """{"from": "17:00", "until": "19:00", "weekdays": […]}; until is not part of it.

    A window that ends before it begins goes on after midnight, on the day after its weekdays.
    """
    reading.fields("from", "until", "weekdays")
    start = reading.get("from", Reading.minute_of_day)
    end = reading.get("until", Reading.minute_of_day)
    if start in (end, _MINUTES_A_DAY):
        raise reading.refuse("a window ends at another time than it begins.")
    return start, end, reading.get("weekdays", _days, EVERY_DAY)


TIME: Final[dict[str, Parser]] = {
    "hours": _hours,
    "days_of_month": _days_of_month,
    "weekdays": _weekdays,
}
