"""Bring the whole system up under one supervisor, and take it down in order."""

from __future__ import annotations

import signal
from pathlib import Path

from rich.console import Console

from backend.commands.children import stop_leftovers
from backend.commands.embedded_chain import free_port, start_chain, why_not_free, with_chain_port
from backend.commands.running import only_one, ready_path
from backend.commands.system import CannotStartError, StoppedError, System
from backend.settings import Settings
from backend.stopping import STOPPING, stop_on_signals

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples" / "cdnow_sample.csv"


def up(settings: Settings, console: Console, demo_file: Path = SAMPLE) -> None:
    """Runs the system until SIGINT, SIGTERM or SIGHUP.

    Raises FolderInUseError, and what `bring_up` raises, after everything that was started has
    been stopped.
    """
    settings = settings.model_copy(update={"data": settings.data.resolve()})
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(settings.data):
        ready_path(settings.data).unlink(missing_ok=True)
        embedded = settings.rpc_url is None
        system = System(settings, console)
        stop_on_signals(system.stop, (*STOPPING, signal.SIGHUP))
        stop_leftovers(system.run_folder)
        if reason := why_not_free(settings.host, settings.port):
            raise CannotStartError(reason)
        if settings.port == 0:
            settings = settings.model_copy(update={"port": free_port(settings.host)})
        system.settings = with_chain_port(settings) if embedded else settings
        try:
            _run(system, demo_file, embedded=embedded)
        except StoppedError:
            system.say("stopping…")
        finally:
            ready_path(settings.data).unlink(missing_ok=True)
            system.take_down()
        system.say("stopped; `make up` goes on from here")


def _run(system: System, demo_file: Path, *, embedded: bool) -> None:
    system.say(f"Méreau: starting, data in {system.settings.data}")
    if embedded:
        start_chain(system)
    if any((system.settings.data / "deployments").glob("*.json")):
        # It takes longest to start, so the others wait until it is ready.
        system.start_services("api")
    # This imports for a second or two: meanwhile the children start.
    from backend.commands.bring_up import bring_up

    bring_up(system, demo_file, embedded=embedded)
    system.say("serving; Ctrl-C stops everything")
    while True:
        system.watch_once()
