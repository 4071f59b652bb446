"""The running system: its processes, watched together and stopped in order."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from backend.commands.children import Child, stop_all
from backend.commands.errors import OperatorError
from backend.settings import Settings

CLI = (sys.executable, "-m", "backend.cli")
_SERVICES = {
    "api": (*CLI, "serve"),
    "settler": (*CLI, "settle"),
    "indexer": (sys.executable, "-m", "indexer"),
    "watch": (*CLI, "reconcile", "--watch"),
    "worker": (*CLI, "work"),
}
_STOP_SECONDS = 4.0
_WATCH_SECONDS = 0.2
_READY_SECONDS = 90.0


class CannotStartError(OperatorError):
    """Something is in the way; the message says what to do about it."""


class StoppedError(Exception):
    """The operator asked to stop."""


@dataclass(slots=True)
class System:
    """Processes in the order they were started, the chain first; `rpc_url` is always set."""

    settings: Settings
    console: Console
    stop: threading.Event = field(default_factory=threading.Event)
    children: list[Child] = field(default_factory=list)

    @property
    def run_folder(self) -> Path:
        return self.settings.data / "run"

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)

    def child(
        self, name: str, command: tuple[str, ...], secrets: Mapping[str, str] | None = None
    ) -> Child:
        """A child that gets the settings through its environment; `start` starts it."""
        environment = {
            "MEREAU_DATA": str(self.settings.data.resolve()),
            "MEREAU_PORT": str(self.settings.port),
            "MEREAU_RPC_URL": str(self.settings.rpc_url),
            "MEREAU_OWN_CHAIN": str(int(self.settings.own_chain)),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            **(secrets or {}),
        }
        log_path = self.settings.data / "logs" / f"{name}.log"
        log_path.parent.mkdir(parents=True, exist_ok=True)
        self.run_folder.mkdir(parents=True, exist_ok=True)
        return Child(name, command, environment, log_path, self.run_folder / f"{name}.pid")

    def start(self, child: Child) -> None:
        child.start()
        self.children.append(child)

    def start_services(self, *names: str) -> None:
        """Those of api, settler and indexer that were not started before."""
        started = {child.name for child in self.children}
        for name in names:
            if name not in started:
                self.start(self.child(name, _SERVICES[name]))

    def run_to_end(self, child: Child) -> int:
        """Runs a child until it ends by itself, again when it is killed; its exit code."""
        child.one_shot = True
        self.start(child)
        while not child.finished:
            self.watch_once()
        self.children.remove(child)
        child.pid_path.unlink(missing_ok=True)
        return -1 if child.process is None else child.process.returncode

    def watch_once(self) -> None:
        """Looks after every child, then waits a moment; raises ChildFailedError or StoppedError."""
        for child in self.children:
            child.watch(self.say)
        if self.stop.wait(_WATCH_SECONDS):
            raise StoppedError

    def until(
        self, is_so: Callable[[], bool], otherwise: str, seconds: float = _READY_SECONDS
    ) -> None:
        """Watches the children until something is so; CannotStartError when it takes too long."""
        for _ in range(int(seconds / _WATCH_SECONDS)):
            if is_so():
                return
            self.watch_once()
        raise CannotStartError(otherwise)

    def take_down(self) -> None:
        """Stops the chain last, so that it keeps what the others still sent; within ten seconds."""
        stop_all((child for child in self.children if child.name != "chain"), _STOP_SECONDS)
        stop_all((child for child in self.children if child.name == "chain"), _STOP_SECONDS)
