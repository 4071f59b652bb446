"""Told to stop by a signal."""

from __future__ import annotations

import _thread
import signal
import threading
from typing import Final

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals(stop: threading.Event, signals: tuple[signal.Signals, ...] = STOPPING) -> None:
    """Sets `stop` when one of the signals comes; to be called in the main thread.

    Python calls a handler between two steps of what the main thread does. That may be `stop.wait`
    itself, which holds the lock that `stop.set` takes: so the handler leaves it to a thread.
    """

    def handle(*_: object) -> None:
        if not stop.is_set():
            _thread.start_new_thread(stop.set, ())

    for number in signals:
        signal.signal(number, handle)
