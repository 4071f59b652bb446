"""What sets a rule off: a purchase, an event that is reported, or a day of the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from backend.core.engine.context import Context, yearly_distance
from backend.core.engine.reading import Reading, one_of, whole
from backend.core.engine.windows import WINDOWS, window_key

PURCHASE: Final = "purchase"
SCHEDULED: Final = ("birthday", "anniversary", "idle", "period")
CATCH_UP_DAYS: Final = 6
"""A scheduled rule is still due so many days late, should nothing have run on its day."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """`event` is "purchase", a name reported through the API, or one of SCHEDULED."""

    event: str = PURCHASE
    before_days: int = 0
    idle_days: int = 0
    every: str = ""

    @classmethod
    def parse(cls, reading: Reading) -> Trigger:
        """The member `on`: a name, or an object that says when a scheduled event is due."""
        if isinstance(reading.value, str):
            event = reading.identifier()
            if event in ("idle", "period"):
                raise reading.refuse(f'say when: {{"event": "{event}", …}}.')
            return cls(event)
        reading.fields("event", "before_days", "days", "every")
        event = reading.get("event", one_of(*SCHEDULED))
        if event == "idle":
            reading.fields("event", "days")
            return cls(event, idle_days=reading.get("days", whole(1, 3660)))
        if event == "period":
            reading.fields("event", "every")
            return cls(event, every=reading.get("every", one_of(*WINDOWS)))
        reading.fields("event", "before_days")
        return cls(event, before_days=reading.get("before_days", whole(0, 180), 0))

    @property
    def scheduled(self) -> bool:
        """Whether the calendar sets it off, rather than somebody's report."""
        return self.event in SCHEDULED

    def occasion(self, context: Context) -> str | None:
        """The occasion that is due for the member now; None for none.

        The same occasion has the same name on every day on which it is due, and a later one has a
        later name.
        """
        if self.event == "period":
            return window_key(self.every, context.day)
        if self.event == "idle":
            last = context.standing.last_day
            late = None if last is None else (context.day - last).days - self.idle_days
            return last.isoformat() if last is not None and _due(late) else None
        facts = context.facts
        since = facts.enrolled_on
        if self.event == "birthday" and facts.birthday is not None:
            return self._yearly(context.day, *facts.birthday, date.min)
        if self.event == "anniversary" and since is not None:
            return self._yearly(context.day, since.month, since.day, since)
        return None

    def _yearly(self, day: date, month: int, day_of_month: int, after: date) -> str | None:
        shifted = day + timedelta(days=self.before_days)
        late, occasion = yearly_distance(shifted, month, day_of_month)
        return f"{occasion.year:04d}" if _due(late) and occasion.year > after.year else None


def _due(late_days: int | None) -> bool:
    return late_days is not None and 0 <= late_days <= CATCH_UP_DAYS
