"""Whether a system runs on a data folder, and where it answers."""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import Iterator
from pathlib import Path

from backend.commands.errors import OperatorError

_ATTEMPTS = 10


class FolderInUseError(OperatorError):
    """Another system runs on this data folder."""


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Holds the data folder, so that two systems never write to one; FolderInUseError if held."""
    with _lock_path(data).open("a") as lock:
        for _ in range(_ATTEMPTS):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # A command that looks whether we run holds it for a moment.
                time.sleep(0.05)
                continue
            yield
            return
        raise FolderInUseError(f"another `make up` is using {data}")


def read_ready(data: Path) -> dict[str, str] | None:
    """What the running system wrote when it was ready; None when none runs.

    A killed system leaves its file behind, but not its lock.
    """
    try:
        ready: dict[str, str] = json.loads(ready_path(data).read_text())
        lock = _lock_path(data).open()
    except FileNotFoundError:
        return None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return ready
    return None


def ready_path(data: Path) -> Path:
    return data / "ready.json"


def _lock_path(data: Path) -> Path:
    return data / "up.lock"
