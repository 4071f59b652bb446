"""Who runs: actors that take turns, one at a time, and may be stopped or killed at any seam.

Each actor has a thread, and exactly one thread runs at any moment: the others wait for the baton.
So the order of everything is drawn from the seed and from nothing else.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from hashlib import sha256
from random import Random

from tests.sim.chance import Plan

_LINES_KEPT = 120


class Killed(BaseException):
    """The process of the running actor was killed here."""


class Trace:
    """What happened, in order: a hash of all of it, and the last lines to read."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self.step = 0

    def note(self, line: str) -> None:
        entry = f"{self.step:4d} {line}"
        self.lines.append(entry)
        self._hash.update(entry.encode() + b"\n")

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def held_lock() -> threading.Lock:
    """A lock for handing over: whoever releases it lets the one go on who waits for it."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class Actor:
    """Runs `live` in a thread of its own, again and again; `live` is a process from its start."""

    def __init__(self, name: str, live: Callable[[Actor], None], stage: Stage) -> None:
        self.name = name
        self.stopping = False
        self.transactions = 0
        self.failure: BaseException | None = None
        self._live = live
        self._stage = stage
        self._turn = held_lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def resume(self) -> None:
        """Lets the actor run until it pauses; raises what it failed with."""
        self._stage.running = self
        self._turn.release()
        self._stage.baton.acquire()
        self._stage.running = None
        if self.failure is not None:
            raise self.failure

    def pause(self) -> None:
        """Called by the actor: somebody else runs now."""
        self._stage.baton.release()
        self._turn.acquire()
        if self.stopping:
            raise Killed

    def stop(self) -> None:
        """Ends the thread, wherever the actor stands."""
        self.stopping = True
        self._stage.running = self
        self._turn.release()
        self._thread.join()
        self._stage.running = None

    def _run(self) -> None:
        self._turn.acquire()
        while not self.stopping:
            try:
                self._live(self)
            except Killed:
                self._stage.trace.note(f"{self.name} was killed")
            except BaseException as failure:  # noqa: BLE001 - the main thread raises it
                self.failure = failure
            self.transactions = 0
            if not self.stopping:
                self._stage.baton.release()
                self._turn.acquire()


class Stage:
    """The baton, the draws for seams, and the trace."""

    def __init__(self, seed: int, plan: Plan, trace: Trace) -> None:
        self.trace = trace
        self.plan = plan
        self.baton = held_lock()
        self.running: Actor | None = None
        self.calm = False
        self.faults: Counter[str] = Counter()
        self._chance = Random(f"{seed}/seams")

    def seam(self, where: str) -> None:
        """A place where a process may die and where others may run first."""
        if self.calm:
            return
        if self._chance.random() < self.plan.restart:
            self.faults["process killed"] += 1
            self.trace.note(f"kill at {where}")
            raise Killed
        actor = self.running
        if actor is None or actor.transactions:
            # Nobody else could write until this one goes on.
            return
        if self._chance.random() < self.plan.switch:
            actor.pause()
