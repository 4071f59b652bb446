"""Settle accepted operations on chain until told to stop."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict

from backend import wiring
from backend.chain.contracts import load_deployment
from backend.chain.port import ChainUnavailable
from backend.chain.rpc import JsonRpc
from backend.settings import Settings
from backend.settlement.report import StepReport
from backend.settlement.settler import Settler
from backend.stopping import stop_on_signals
from backend.wiring import Databases


def settle(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises DeploymentError when nothing is deployed, and
    SettingError for a key that is none."""
    stop = threading.Event()
    stop_on_signals(stop)
    databases = wiring.open_databases(settings)
    wiring.lane_signers(settings)
    chain = wiring.open_chain(settings)
    settler = _settler(settings, databases, chain, stop)
    if settler is not None:
        settler.run(stop, settings.poll_ms, _Printer().show)


def _settler(
    settings: Settings, databases: Databases, chain: JsonRpc, stop: threading.Event
) -> Settler | None:
    said = False
    while not stop.is_set():
        try:
            deployment = load_deployment(settings.data, chain.chain_id())
            return wiring.open_settler(settings, databases, chain, deployment)
        except ChainUnavailable as silence:
            if not said:
                sys.stderr.write(f"waiting for the chain, which does not answer: {silence}\n")
                sys.stderr.flush()
            said = True
            stop.wait(settings.poll_ms / 1000)
    return None


class _Printer:
    """One JSON line per pass that moved something, and per change of what is wrong."""

    def __init__(self) -> None:
        self._alarms: list[str] = []

    def show(self, report: StepReport) -> None:
        alarms = [str(alarm) for alarm in report.alarms]
        if report.progressed or alarms != self._alarms:
            sys.stdout.write(json.dumps(asdict(report), default=str) + "\n")
            sys.stdout.flush()
        for alarm in alarms:
            if alarm not in self._alarms:
                sys.stderr.write(f"ALARM: {alarm}\n")
                sys.stderr.flush()
        self._alarms = alarms
