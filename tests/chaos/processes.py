"""Real processes of the system's services, started quickly and seen to be gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


class Launcher:
    """Starts services as processes of their own; see launcher.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.launcher"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self, service: str, environment: dict[str, str], log: Path, failpoints: Path
    ) -> psutil.Process:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"service": service, "environment": environment, "log": str(log)}
        self._process.stdin.write(json.dumps({**order, "failpoints": str(failpoints)}) + "\n")
        self._process.stdin.flush()
        return psutil.Process(int(self._process.stdout.readline()))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()


def gone(process: psutil.Process) -> bool:
    return not running(process)


def running(process: psutil.Process) -> bool:
    """Whether it does more than wait to be reaped."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
