"""Child processes: started with a log each, restarted when they die, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

RESTARTS_MAX = 5
RESTART_WINDOW_S = 60.0


class ChildFailedError(Exception):
    """A child keeps dying; the message names it and its log."""


@dataclass(slots=True)
class Child:
    """One process to keep alive. `tick` is called about five times a second while it runs.

    A `one_shot` child is done when it exits by itself and is only restarted when it was killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_path: Path
    pid_path: Path
    prepare: Callable[[], None] = lambda: None
    tick: Callable[[], object] = lambda: None
    one_shot: bool = False
    shows_output: bool = False
    process: subprocess.Popen[bytes] | None = None
    _deaths_s: deque[float] = field(default_factory=deque)
    _start_again_s: float = 0.0

    def start(self) -> None:
        """Starts the process in a session of its own, so that Ctrl-C reaches the parent alone."""
        self.prepare()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=None if self.shows_output else log,
                stderr=None if self.shows_output else log,
                start_new_session=True,
            )
        self.pid_path.write_text(_fingerprint(self.process.pid))

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def finished(self) -> bool:
        """Whether a one-shot child has come to its own end."""
        if not self.one_shot or self.process is None:
            return False
        returncode = self.process.poll()
        return returncode is not None and returncode >= 0

    def watch(self, say: Callable[[str], None]) -> None:
        """Restarts the process if it has died; raises ChildFailedError when it dies too often."""
        if self.running:
            self.tick()
            return
        if self.process is None or self.finished:
            return
        now_s = time.monotonic()
        if not self._start_again_s:
            self._note_death(now_s)
            pause_s = 0.25 * 2 ** len(self._deaths_s)
            self._start_again_s = now_s + pause_s
            say(f"{self.name} ended ({_ending(self.process.returncode)}); starting it again")
        if now_s >= self._start_again_s:
            self._start_again_s = 0.0
            self.start()

    def _note_death(self, now_s: float) -> None:
        self._deaths_s.append(now_s)
        while self._deaths_s[0] < now_s - RESTART_WINDOW_S:
            self._deaths_s.popleft()
        if len(self._deaths_s) > RESTARTS_MAX:
            raise ChildFailedError(
                f"{self.name} died {len(self._deaths_s)} times in a minute; see {self.log_path}"
            )

    def ask_to_stop(self) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(signal.SIGTERM)

    def wait_or_kill(self, timeout_s: float) -> None:
        """Waits for the end; kills when it takes longer."""
        if self.process is not None:
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.pid_path.unlink(missing_ok=True)


def stop_leftovers(folder: Path) -> None:
    """Ends children of an earlier run whose parent was killed, recognised by pid and start time."""
    for pid_path in folder.glob("*.pid"):
        recorded = pid_path.read_text()
        pid = int(recorded.partition(" ")[0])
        if psutil.pid_exists(pid) and _fingerprint(pid) == recorded:
            leftover = psutil.Process(pid)
            leftover.terminate()
            _gone, alive = psutil.wait_procs([leftover], timeout=5)
            for process in alive:
                process.kill()
        pid_path.unlink()


def _fingerprint(pid: int) -> str:
    try:
        return f"{pid} {psutil.Process(pid).create_time()}"
    except psutil.NoSuchProcess:
        return f"{pid} -"


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"
