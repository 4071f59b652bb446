"""`python -m tests.chaos.launcher`: loads the code once and forks real processes of it on demand.

A line of JSON on standard input names a service, its environment, its log and the folder that
arms its failpoints; the answer is the new process's id. What is forked is what `mereau serve`,
`mereau settle` and `python -m indexer` are: only the seconds of importing are saved.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

import typer

import backend.chain.signer
import backend.cli
import backend.commands.reconcile
import backend.commands.reimport
import backend.commands.serve
import backend.commands.settle
import backend.settlement.settler
import indexer.__main__
from backend.commands.plainly import load_settings, plainly
from tests.chaos.failpoints import POINTS, weave

__all__ = ["backend", "indexer"]


def main() -> None:
    # Whoever dies is reaped by the system.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be(order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _be(order: dict[str, object]) -> None:
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        environment = order["environment"]
        assert isinstance(environment, dict)
        os.environ.update(environment)
        _fill_disk(int(environment.get("MEREAU_CHAOS_FILE_BYTES", "0")))
        service = str(order["service"])
        if service in POINTS:
            weave(service, Path(str(order["failpoints"])))
        code = _run(service)
    except typer.Exit as end:
        code = end.exit_code
    except BaseException as error:  # noqa: BLE001 - the log is where whoever starts us looks
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _fill_disk(file_bytes: int) -> None:
    """No file of this process grows beyond that: writing fails as on a full disk."""
    if file_bytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))


def _run(service: str) -> int:
    if service == "index" or service.startswith("indexer "):
        sys.argv = service.split()
        return indexer.__main__.main()
    with plainly():
        if service == "serve":
            backend.commands.serve.serve(load_settings())
        elif service == "settle":
            backend.commands.settle.settle(load_settings())
        else:
            backend.cli.app(service.split(), standalone_mode=False)
    return 0


if __name__ == "__main__":
    main()
