"""The running system: its processes, watched together and stopped in order."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from backend import wiring
from backend.commands.children import Child
from backend.settings import Settings

_STOP_SECONDS = 4.0
_WATCH_SECONDS = 0.2
_READY_SECONDS = 90.0


class CannotStartError(Exception):
    """Something is in the way; the message says what to do about it."""


class StoppedError(Exception):
    """The operator asked to stop."""


@dataclass(slots=True)
class System:
    """Processes in the order they were started, the chain first."""

    settings: Settings
    console: Console
    stop: threading.Event = field(default_factory=threading.Event)
    children: list[Child] = field(default_factory=list)

    @property
    def run_folder(self) -> Path:
        return self.settings.data / "run"

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True)

    def child(self, name: str, command: list[str]) -> Child:
        """A child that gets the settings through its environment; `start` starts it."""
        environment = {
            "MEREAU_DATA": str(self.settings.data.resolve()),
            "MEREAU_PORT": str(self.settings.port),
            "MEREAU_RPC_URL": wiring.rpc_url(self.settings),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        log_path = self.settings.data / "logs" / f"{name}.log"
        log_path.parent.mkdir(parents=True, exist_ok=True)
        self.run_folder.mkdir(parents=True, exist_ok=True)
        return Child(name, command, environment, log_path, self.run_folder / f"{name}.pid")

    def start(self, child: Child) -> None:
        child.start()
        self.children.append(child)

    def watch_once(self) -> None:
        """Looks after every child, then waits a moment; raises ChildFailedError or StoppedError."""
        for child in self.children:
            child.watch(self.say)
        if self.stop.wait(_WATCH_SECONDS):
            raise StoppedError

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Watches the children until something is so; CannotStartError when it takes too long."""
        for _ in range(int(_READY_SECONDS / _WATCH_SECONDS)):
            if is_so():
                return
            self.watch_once()
        raise CannotStartError(f"{what} did not happen; see {self.settings.data / 'logs'}")

    def take_down(self) -> None:
        """Stops the chain last, so that it keeps what the others still sent; within ten seconds."""
        chain = [child for child in self.children if child.name == "chain"]
        others = [child for child in self.children if child.name != "chain"]
        for wave in (others, chain):
            for child in wave:
                child.ask_to_stop()
            for child in wave:
                child.wait_or_kill(_STOP_SECONDS)
