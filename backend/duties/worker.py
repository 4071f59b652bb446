"""The worker: every duty in a thread of its own, so that a slow receiver holds up nobody else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

log = logging.getLogger(__name__)

IDLE_SECONDS: Final = 0.2
BROKEN_SECONDS: Final = 2.0


class Duty(Protocol):
    """Something to be done again and again; `step` does a bounded part of what is due now, and
    answers how much that was."""

    name: str

    def step(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Worker:
    """Runs duties until it is told to stop."""

    duties: Sequence[Duty]

    def run(self, stop: threading.Event) -> None:
        """Returns when `stop` is set and every step under way has ended."""
        threads = [
            threading.Thread(target=self._repeat, args=(duty, stop), name=duty.name)
            for duty in self.duties
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join()

    @staticmethod
    def _repeat(duty: Duty, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                pause_s = 0.0 if duty.step() else IDLE_SECONDS
            except (OperationalError, InterfaceError) as failure:
                log.warning("%s: the database did not answer (%s)", duty.name, type(failure.orig))
                pause_s = BROKEN_SECONDS
            except Exception:
                # A bug in one duty must not end the others; what it was doing is due again.
                log.exception("%s failed", duty.name)
                pause_s = BROKEN_SECONDS
            stop.wait(pause_s)
