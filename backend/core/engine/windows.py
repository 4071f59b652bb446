"""Calendar windows of a program's local days: keys that sort by time, numbers that count it."""

from __future__ import annotations

from datetime import date
from typing import Final

WINDOWS: Final = ("day", "week", "month", "quarter", "year")


def window_key(window: str, day: date) -> str:
    """The window a day lies in, e.g. "2026-11-22", "2026-W47", "2026-11", "2026-Q4", "2026";
    "ever" for any other name. Keys of one kind sort as their windows follow each other."""
    if window == "day":
        return day.isoformat()
    if window == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04d}-W{week:02d}"
    if window == "month":
        return f"{day.year:04d}-{day.month:02d}"
    if window == "quarter":
        return f"{day.year:04d}-Q{(day.month + 2) // 3}"
    return f"{day.year:04d}" if window == "year" else "ever"


def window_number(window: str, day: date) -> int:
    """A number that grows by one from each window to the next; weeks begin on Monday."""
    if window == "day":
        return day.toordinal()
    if window == "week":
        return (day.toordinal() - 1) // 7
    months = day.year * 12 + day.month - 1
    if window == "month":
        return months
    return months // 3 if window == "quarter" else day.year
