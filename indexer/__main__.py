"""`python -m indexer`: follows the chain into the mirror until told to stop.

    --rebuild   drop the mirror first
    --once      stop when everything the node has is applied

One JSON object per line on standard output tells what happened; alarms go to standard error.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from backend.chain.contracts import Deployment, DeploymentError, load_deployment
from backend.chain.port import ChainReader, ChainUnavailable
from backend.chain.rpc import JsonRpc
from backend.ledger.engine import mirror_engine
from backend.settings import Settings
from backend.stopping import stop_on_signals
from indexer.loop import Indexer
from indexer.report import StepReport
from indexer.store import MirrorStore


def main() -> int:
    """Runs until SIGTERM or SIGINT; 0, or 1 with --once when following has halted."""
    parser = argparse.ArgumentParser(prog="python -m indexer", description=__doc__)
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--once", action="store_true")
    arguments = parser.parse_args()

    stop = threading.Event()
    stop_on_signals(stop)

    settings = Settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    poll_s = settings.poll_ms / 1000
    rpc_url = settings.rpc_url or f"http://127.0.0.1:{settings.chain_port}"
    chain = JsonRpc(
        rpc_url,
        settings.finality,
        connect_timeout_s=settings.rpc_connect_seconds,
        read_timeout_s=settings.rpc_read_seconds,
    )
    deployment = wait_for_deployment(chain, settings.data, stop, poll_s)
    if deployment is None:
        return 0
    collect_garbage_rarely()
    printer = Printer(stop if arguments.once else None)
    with ThreadPoolExecutor(max_workers=1) as executor:
        indexer = Indexer(
            chain,
            MirrorStore(mirror_engine(settings.mirror_url)),
            deployment.factory,
            start_block=deployment.first_block,
            prefetch=executor,
        )
        if arguments.rebuild:
            indexer.rebuild()
        indexer.run(stop, poll_s, printer.show)
    return 1 if printer.halted is not None and arguments.once else 0


def wait_for_deployment(
    chain: ChainReader, data: Path, stop: threading.Event, poll_s: float
) -> Deployment | None:
    """The deployment, once it is on record; None when told to stop before."""
    while not stop.is_set():
        try:
            return load_deployment(data, chain.chain_id())
        except (ChainUnavailable, DeploymentError):
            stop.wait(poll_s)
    return None


def collect_garbage_rarely() -> None:
    """A range is many small objects without cycles, and looking for some takes long."""
    gc.set_threshold(100_000, 50, 1_000)


class Printer:
    """Prints reports that say something; sets `done` at the first one with nothing to do."""

    def __init__(self, done: threading.Event | None) -> None:
        self._done = done
        self._trouble: tuple[str | None, str | None] = (None, None)
        self.halted: str | None = None

    def show(self, report: StepReport) -> None:
        """One line per change, per new trouble, and per trouble that is over."""
        self.halted = report.halted
        trouble = (report.failure, report.halted)
        # An empty block a second is not news.
        news = report.events > 0 or report.undone_blocks > 0 or report.blocks > 1
        if news or trouble != self._trouble:
            sys.stdout.write(json.dumps(asdict(report)) + "\n")
            sys.stdout.flush()
        if report.halted is not None and report.halted != self._trouble[1]:
            sys.stderr.write(f"ALARM: the indexer has halted: {report.halted}\n")
            sys.stderr.flush()
        self._trouble = trouble
        resting = not report.progressed and report.failure is None
        if self._done is not None and resting:
            self._done.set()


if __name__ == "__main__":
    sys.exit(main())
