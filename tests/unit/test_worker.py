"""The worker: duties do not wait for each other, and survive what fails in them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy.exc import OperationalError

from backend.duties import worker
from backend.duties.worker import Worker


@dataclass
class Told:
    """A duty that does what it is told."""

    name: str
    act: Callable[[], int]

    def step(self) -> int:
        return self.act()


def test_a_slow_duty_and_failing_ones_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BROKEN_SECONDS", 0.01)
    stop, slow_began, done = threading.Event(), threading.Event(), threading.Event()
    failures = iter([OperationalError("", None, OSError()), ValueError("a bug")])

    def slow() -> int:
        slow_began.set()
        assert done.wait(20), "the other duty was held up"
        return 0

    def failing_at_first() -> int:
        assert slow_began.wait(20)
        if failure := next(failures, None):
            raise failure
        done.set()
        stop.set()
        return 1

    running = Worker([Told("slow", slow), Told("failing", failing_at_first)])
    thread = threading.Thread(target=running.run, args=(stop,))
    thread.start()
    assert done.wait(20)
    thread.join(20)
    assert not thread.is_alive()


def test_without_duties_it_stays_until_it_is_stopped() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=Worker([]).run, args=(stop,))
    thread.start()
    assert thread.is_alive()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
