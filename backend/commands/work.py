"""Do what is to be done beside the till until told to stop: messages, webhooks, exports."""

from __future__ import annotations

import logging
import secrets
import signal
import threading

from backend import wiring
from backend.duties.addresses import Reach
from backend.duties.webhooks import Webhooks
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
    return [
        Webhooks(
            databases.ledger,
            wiring.open_vault(settings),
            wiring.now_ms,
            wiring.new_id,
            secrets.token_bytes,
            webhooks_reach(settings),
        )
    ]


def webhooks_reach(settings: Settings) -> Reach:
    """Where webhooks may go."""
    embedded = settings.rpc_url is None
    return Reach(settings.webhooks_reach or ("loopback" if embedded else "public"))
