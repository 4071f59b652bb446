"""Looking now and then whether the contracts have something that the mirror lacks.

A node that hid something for a while is found out when it no longer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from indexer.errors import Doubt
from indexer.reached import Reached
from indexer.source import Source

IDLE_STEPS_BETWEEN: Final = 1_000
LOOKS_BEFORE_BELIEF: Final = 3
"""One answer may be about a fork of the moment."""


@dataclass(slots=True)
class Completeness:
    """Counts idle steps, and looks in a row that found something missing."""

    source: Source
    start_block: int
    _steps_left: int = 0
    _found: int = 0

    def look_soon(self) -> None:
        """At the next idle step."""
        self._steps_left = 0

    def idle_step(self, top_block: int, known: Mapping[str, Reached]) -> str | None:
        """What is missing, once that is believed; Doubt before. Raises ChainError."""
        self._steps_left -= 1
        if self._steps_left >= 0:
            return None
        missing = self.source.missing_programs(self.start_block, top_block, known)
        missing = missing or self.source.missing_events(top_block, known)
        if missing is None:
            self._steps_left, self._found = IDLE_STEPS_BETWEEN, 0
            return None
        self._found += 1
        reason = f"the mirror is incomplete, rebuild it: {missing}"
        if self._found < LOOKS_BEFORE_BELIEF:
            raise Doubt(reason)
        return reason
