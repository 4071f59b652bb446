"""RFM: how lately, how often and for how much a member buys, each as a score from 1 to 5."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise

from backend.core.engine.reading import NUMBER_MAX, Reading, whole
from backend.core.engine.standing import MONTHS_MAX


@dataclass(frozen=True, slots=True)
class RfmScale:
    """Four bounds per score, rising. Recency scores 5 up to the first number of days and 1 after
    the last; visits and spend, over `months` months, score 5 from the last number on."""

    months: int = 12
    recency_days: tuple[int, ...] = (30, 90, 180, 365)
    visits: tuple[int, ...] = (2, 4, 8, 12)
    spend_minor: tuple[int, ...] = (5_000, 10_000, 25_000, 50_000)

    @classmethod
    def parse(cls, reading: Reading) -> RfmScale:
        """The section `rfm`; raises RuleInvalid."""
        reading.fields("months", "recency_days", "visits", "spend_minor")
        return cls(
            reading.get("months", whole(1, MONTHS_MAX - 1), 12),
            reading.get("recency_days", _steps),
            reading.get("visits", _steps),
            reading.get("spend_minor", _steps),
        )

    def scores(self, idle_days: int | None, activity: tuple[int, int, int]) -> tuple[int, int, int]:
        """The three scores; zeros for a member who never bought."""
        if idle_days is None:
            return (0, 0, 0)
        _, spend_minor, visits = activity
        return (
            5 - bisect_left(self.recency_days, idle_days),
            1 + bisect_right(self.visits, visits),
            1 + bisect_right(self.spend_minor, spend_minor),
        )


def _steps(reading: Reading) -> tuple[int, ...]:
    steps = tuple(item.integer(0, NUMBER_MAX) for item in reading.items(4, 4))
    if any(high <= low for low, high in pairwise(steps)):
        raise reading.refuse("the four bounds must rise.")
    return steps
