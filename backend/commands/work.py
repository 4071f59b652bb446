"""Do what is to be done beside the till until told to stop: messages, webhooks, exports."""

from __future__ import annotations

import logging
import os
import signal
import threading

from backend import wiring
from backend.duties.packs import PackDuty
from backend.duties.worker import Duty, Worker
from backend.settings import Settings


def work(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises SettingError."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    Worker(duties(settings)).run(stop)


def duties(settings: Settings) -> list[Duty]:
    """Every duty of this environment."""
    databases = wiring.open_databases(settings)
    clock = wiring.open_clock(settings, databases)
    return [
        PackDuty(databases.ledger, settings.downloads, _for_the_auditor(settings), clock),
    ]


def _for_the_auditor(settings: Settings) -> dict[str, str]:
    """The auditor's environment: its own settings and no secret of ours but its key."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MEREAU_")}
    bare["MEREAU_DATA"] = str(settings.data.resolve())
    bare["MEREAU_RPC_URL"] = wiring.rpc_url(settings)
    if settings.audit_key is not None:
        bare["MEREAU_AUDIT_KEY"] = settings.audit_key.get_secret_value()
    return bare
