"""Child processes: started with a log each, restarted when they die, stopped in order."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from backend.commands.errors import OperatorError

RESTARTS_MAX = 5
RESTART_WINDOW_S = 60.0
FIRST_PAUSE_S = 0.5
LOG_BYTES_MAX = 8 << 20
_LEFTOVER_SECONDS = 4.0


class ChildFailedError(OperatorError):
    """A child keeps dying, or cannot be started; the message names it and its log."""


@dataclass(slots=True)
class Child:
    """One process to keep alive. `tick` is called about five times a second while it runs.

    A `one_shot` child is done when it exits by itself and is only restarted when it was killed.
    `environment` comes on top of this process's own; secrets go there, never into `command`,
    which every user of the machine can read.
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
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    _deaths_s: deque[float] = field(default_factory=deque)
    _start_again_s: float | None = None

    def start(self) -> None:
        """Starts the process in a session of its own, so that Ctrl-C reaches the parent alone."""
        self.prepare()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                cwd=self.folder,
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
            cap_log(self.log_path)
            self.tick()
            return
        if self.process is None or self.finished:
            return
        now_s = time.monotonic()
        if self._start_again_s is None:
            self._note_death(now_s)
            self._start_again_s = now_s + FIRST_PAUSE_S * 2 ** (len(self._deaths_s) - 1)
            say(f"{self.name} ended ({_ending(self.process.returncode)}); starting it again")
        if now_s >= self._start_again_s:
            self._start_again_s = None
            self.start()

    def _note_death(self, now_s: float) -> None:
        self._deaths_s.append(now_s)
        while self._deaths_s[0] < now_s - RESTART_WINDOW_S:
            self._deaths_s.popleft()
        if len(self._deaths_s) > RESTARTS_MAX:
            raise ChildFailedError(
                f"{self.name} died {len(self._deaths_s)} times in a minute; see {self.log_path}"
            )


def stop_all(children: Iterable[Child], timeout_s: float) -> None:
    """Asks all of them to stop, and kills those that still run after `timeout_s` in all."""
    asked = list(children)
    for child in asked:
        if child.process is not None and child.running:
            child.process.send_signal(signal.SIGTERM)
    deadline_s = time.monotonic() + timeout_s
    for child in asked:
        if child.process is not None:
            try:
                child.process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        child.pid_path.unlink(missing_ok=True)


def stop_leftovers(folder: Path, last: str = "chain") -> None:
    """Ends children of an earlier run whose parent was killed, the one called `last` last.

    They are recognised by pid and start time, so a stranger with a recycled pid is left alone.
    """
    paths = sorted(folder.glob("*.pid"))
    for wave in ([p for p in paths if p.stem != last], [p for p in paths if p.stem == last]):
        leftovers = [process for path in wave if (process := _recorded(path)) is not None]
        for process in leftovers:
            _signal(process, signal.SIGTERM)
        for process in _still_alive(leftovers, _LEFTOVER_SECONDS):
            _signal(process, signal.SIGKILL)
        _still_alive(leftovers, _LEFTOVER_SECONDS)
        for path in wave:
            path.unlink()


def cap_log(path: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Moves what a log holds to `<name>.1` when it has grown beyond the limit.

    The writer keeps its file: it appends, so after the cut it goes on at the start.
    """
    try:
        if path.stat().st_size <= bytes_max:
            return
    except FileNotFoundError:
        return
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)


def _recorded(pid_path: Path) -> psutil.Process | None:
    recorded = pid_path.read_text()
    number = recorded.partition(" ")[0]
    # A parent killed while it wrote the file has left it empty.
    if not number.isdecimal() or not psutil.pid_exists(int(number)):
        return None
    if _fingerprint(int(number)) != recorded:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(int(number))
    return None


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _still_alive(processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Those that run after at most `timeout_s`. One that only waits to be reaped does not run."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        alive = [process for process in processes if _runs(process)]
        if not alive or time.monotonic() > deadline_s:
            return alive
        time.sleep(0.05)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _fingerprint(pid: int) -> str:
    try:
        return f"{pid} {psutil.Process(pid).create_time()}"
    except psutil.NoSuchProcess:
        return f"{pid} -"


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"
