"""How much one caller may ask: a bucket of calls that refills with time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    milli_calls: int
    at_ms: int


class Rate:
    """`burst` calls at once, then `per_second`; a caller not seen for long is forgotten."""

    def __init__(
        self, now_ms: Callable[[], int], *, burst: int, per_second: int, callers_max: int = 10_000
    ) -> None:
        self._now_ms = now_ms
        self._full = burst * 1000
        self._per_second = per_second
        self._callers_max = callers_max
        self._buckets: dict[str, _Bucket] = {}

    def take(self, caller: str, calls: int) -> bool:
        """Whether the caller may ask so many now; if not, nothing is taken."""
        now_ms = self._now_ms()
        bucket = self._buckets.pop(caller, None) or _Bucket(self._full, now_ms)
        passed_ms = max(0, now_ms - bucket.at_ms)
        level = min(self._full, bucket.milli_calls + passed_ms * self._per_second)
        allowed = level >= calls * 1000
        # Put back last: the first in the table is the one not seen for longest.
        self._buckets[caller] = _Bucket(level - calls * 1000 if allowed else level, now_ms)
        if len(self._buckets) > self._callers_max:
            del self._buckets[next(iter(self._buckets))]
        return allowed
