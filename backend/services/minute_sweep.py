"""What the house does by itself, a slice at a time, and looks at once a minute when all is done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine

LOOK_AFTER_MS: Final = 60_000


@dataclass(slots=True)
class MinuteSweep(ABC):
    """Remembers when there is nothing left to do. Several processes may run the same one."""

    engine: Engine
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    _next_look_ms: int = field(default=0, init=False)

    def step(self) -> int:
        """Does one slice of what is due; how much that was, 0 when nothing is left for now."""
        now_ms = self.now_ms()
        if now_ms < self._next_look_ms:
            return 0
        done = self.do_slice(now_ms)
        if not done:
            self._next_look_ms = now_ms + LOOK_AFTER_MS
        return done

    @abstractmethod
    def do_slice(self, now_ms: int) -> int:
        """One slice of every program; how much that was."""
