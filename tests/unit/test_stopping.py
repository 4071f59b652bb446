"""A signal ends a program whatever it is doing at that moment."""

from __future__ import annotations

import subprocess
import sys

# An event holds its lock for a moment at each wait, and no thread can take it twice.
PROGRAM = """
import signal, threading
from backend.stopping import stop_on_signals

stop = threading.Event()
stop_on_signals(stop)
with stop._cond:
    signal.raise_signal(signal.SIGTERM)
print("stopped", stop.wait(60))
signal.raise_signal(signal.SIGINT)
"""


def test_a_signal_in_the_middle_of_waiting_stops_as_well() -> None:
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "stopped True\n", "")
