"""One rule of a document: when it applies, what it gives, what holds it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from backend.core.engine.caps import Limits
from backend.core.engine.conditions import Condition
from backend.core.engine.conditions_time import EVERY_DAY
from backend.core.engine.context import Context
from backend.core.engine.effects import (
    BONUSES,
    COUNTERS,
    MULTIPLIERS,
    RATES,
    Effect,
    multiplier,
)
from backend.core.engine.outcome import Release
from backend.core.engine.reading import Reading, whole
from backend.core.engine.schedule import Trigger
from backend.core.engine.windows import window_key

TIER_RULE: Final = "tier"
"""The id under which a tier's multiplier stands in reasons; no rule can have it."""


STAGES: Final = {RATES: 0, MULTIPLIERS: 1, BONUSES: 1, COUNTERS: 2}
"""By phase: multipliers and bonuses compete with each other, so they are one stage."""


@dataclass(frozen=True, slots=True)
class PendingTerms:
    """How long points wait: `days` after the purchase, until an event, or the first of both."""

    days: int | None
    event: str | None

    @classmethod
    def parse(cls, reading: Reading) -> PendingTerms:
        reading.fields("days", "event")
        days = reading.child("days").integer(1, 3660) if reading.has("days") else None
        event = reading.child("event").identifier() if reading.has("event") else None
        if days is None and event is None:
            raise reading.refuse("days, event or both are expected here.")
        return cls(days, event)

    def release(self, day: date) -> Release:
        """When the points of a purchase on `day` are the member's."""
        on = None if self.days is None else day + timedelta(days=self.days)
        return Release(on, self.event)


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. Days are local and both included; `selector` is a number of the index;
    an `occasional` one is given at most once for an occasion. Beside what `condition` asks, the
    member is in `segment`, and `weekdays` are those on which the condition can hold."""

    id: str
    title: str
    trigger: Trigger
    effect: Effect
    stage: int
    segment: str | None
    condition: Condition | None
    selector: int | None
    first_day: date
    last_day: date
    weekdays: frozenset[int]
    priority: int
    group: str | None
    stackable: bool
    once: str | None
    limits: Limits
    campaign: str | None
    pending: PendingTerms | None
    occasional: bool

    @property
    def precedence(self) -> tuple[int, str]:
        """Rules of higher priority first, ties by id: the document's order says nothing."""
        return (-self.priority, self.id)

    def in_force(self, day: date) -> bool:
        """Whether the rule can apply on a local day."""
        return self.first_day <= day <= self.last_day and day.weekday() in self.weekdays

    def occasion(self, context: Context) -> str | None:
        """What it is given for, at most once each: a window of `once`, a birthday; "" for a rule
        that can always be given again, None for one that is not due."""
        if self.trigger.scheduled:
            return self.trigger.occasion(context)
        return "" if self.once is None else window_key(self.once, context.day)


def tier_rule(tier: str, num: int, den: int, pending: PendingTerms | None) -> Rule:
    """The rule that a tier's multiplier stands for; its points wait as the program's do."""
    return Rule(
        id=TIER_RULE,
        title=tier.replace("_", " "),
        trigger=Trigger(),
        effect=multiplier(num, den),
        stage=STAGES[MULTIPLIERS],
        segment=None,
        condition=None,
        selector=None,
        first_day=date.min,
        last_day=date.max,
        weekdays=EVERY_DAY,
        priority=0,
        group=None,
        stackable=True,
        once=None,
        limits=Limits(),
        campaign=None,
        pending=pending,
        occasional=False,
    )


def titled(reading: Reading) -> str:
    """The words for members: `title`, in English where there are several, or the id."""
    title = reading.child("title")
    if title.value is None:
        return reading.get("id", Reading.identifier).replace("_", " ")
    if isinstance(title.value, str):
        return title.text()
    title.fields("en", "fr")
    title.get("fr", Reading.text, "")
    return title.get("en", Reading.text)


PRIORITY = whole(-1000, 1000)
