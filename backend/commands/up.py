"""Bring the whole system up under one supervisor, and take it down in order."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import urllib3
from rich.console import Console

from backend import wiring
from backend.commands.children import stop_leftovers
from backend.commands.demo import (
    Demo,
    load_demo,
    make_merchant,
    make_program,
    save_demo,
    write_private,
)
from backend.commands.deploy import deploy_once
from backend.commands.embedded_chain import free_port, is_free, start_chain, with_chain_port
from backend.commands.system import CannotStartError, StoppedError, System
from backend.ledger.loading import ProgramState
from backend.ledger.programs import program_of
from backend.settings import Settings
from backend.wiring import Databases

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples" / "cdnow_sample.csv"
_CLI = [sys.executable, "-m", "backend.cli"]


def up(settings: Settings, console: Console) -> None:
    """Runs the system until SIGINT or SIGTERM.

    Raises CannotStartError or ChildFailed, after everything that was started has been stopped.
    """
    settings = settings.model_copy(update={"data": settings.data.resolve()})
    settings.data.mkdir(parents=True, exist_ok=True)
    with _only_one(settings.data):
        stop_leftovers(settings.data / "run")
        if not is_free(settings.host, settings.port):
            raise CannotStartError(
                f"port {settings.port} is taken: free it, or set MEREAU_PORT to another one"
            )
        embedded = settings.rpc_url is None
        if settings.port == 0:
            settings = settings.model_copy(update={"port": free_port(settings.host)})
        system = System(with_chain_port(settings) if embedded else settings, console)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: system.stop.set())
        try:
            _run(system, embedded=embedded)
        except StoppedError:
            system.say("stopping…")
        finally:
            (settings.data / "ready.json").unlink(missing_ok=True)
            system.take_down()
        system.say("stopped; `make up` goes on from here")


def _run(system: System, *, embedded: bool) -> None:
    settings = system.settings
    (settings.data / "ready.json").unlink(missing_ok=True)
    system.say(f"Méreau: starting, data in {settings.data}")
    databases = wiring.open_databases(settings)
    chain = wiring.open_chain(settings)
    chain_id = start_chain(system) if embedded else chain.chain_id()
    deploy_once(settings, chain, chain_id)
    system.start(system.child("api", [*_CLI, "serve"]))
    system.start(system.child("settler", [*_CLI, "settle"]))
    system.start(system.child("indexer", [sys.executable, "-m", "indexer"]))
    api_url = f"http://{settings.host}:{settings.port}"
    system.until(lambda: _answers(f"{api_url}/readyz"), "the API's first answer")
    demo, program = _demo(system, databases, api_url)
    _announce(system, demo, program, api_url)
    if settings.demo and not demo.replayed:
        _replay(system, demo)
    else:
        _check(system)
    system.say("serving; Ctrl-C stops everything")
    while True:
        system.watch_once()


def _demo(system: System, databases: Databases, api_url: str) -> tuple[Demo, ProgramState]:
    settings = system.settings
    demo = load_demo(settings) or make_merchant(settings, databases)
    if demo.program_id is None:
        demo = replace(demo, program_id=make_program(api_url, demo))
        save_demo(settings, demo)
    program_id = demo.program_id or ""

    def program() -> ProgramState | None:
        with databases.ledger.connect() as connection:
            return program_of(connection, demo.merchant_id, program_id)

    def is_deployed() -> bool:
        found = program()
        return found is not None and found.contract_address is not None

    system.until(is_deployed, "the deployment of the demo program's contract")
    found = program()
    if found is None:
        raise CannotStartError("the demo program of demo.json is not in the ledger")
    return demo, found


def _announce(system: System, demo: Demo, program: ProgramState, api_url: str) -> None:
    settings = system.settings
    ready = {
        "api_url": api_url,
        "api_key": demo.api_key,
        "program_id": program.id,
        "program_address": program.contract_address,
        "rpc_url": wiring.rpc_url(settings),
    }
    write_private(settings.data / "ready.json", ready)
    system.say(f"  API        {api_url}  (reference: {api_url}/docs)")
    system.say(f"  chain      {ready['rpc_url']}")
    system.say(f"  program    {program.id} at {program.contract_address}")
    system.say(f"  API key    in {settings.data / 'ready.json'}")


def _replay(system: System, demo: Demo) -> None:
    command = [*_CLI, "replay", str(SAMPLE), "--program", str(demo.program_id)]
    if _one_shot(system, "replay", command):
        save_demo(system.settings, replace(demo, replayed=True))


def _check(system: System) -> None:
    _one_shot(system, "reconcile", [*_CLI, "reconcile"])


def _one_shot(system: System, name: str, command: list[str]) -> bool:
    """Runs a command that shows its output to the end; whether it succeeded."""
    child = system.child(name, command)
    child.one_shot = child.shows_output = True
    system.start(child)
    while not child.finished:
        system.watch_once()
    child.pid_path.unlink(missing_ok=True)
    return child.process is not None and child.process.returncode == 0


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=1.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Holds the data folder, so that two systems never write to one; CannotStartError if held."""
    with (data / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStartError(f"another `make up` is using {data}") from None
        yield
