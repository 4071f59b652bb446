"""Do what is to be done beside the till until told to stop: messages, webhooks, exports."""

from __future__ import annotations

import logging
import threading

from backend import wiring
from backend.commands.exports import open_exports
from backend.commands.messages import open_messages
from backend.commands.packs import open_packs
from backend.commands.webhooks import open_webhooks
from backend.duties.figures import FiguresDuty
from backend.duties.reach import Reach
from backend.duties.requests import ForgetRequests
from backend.duties.simulations import Simulations
from backend.duties.worker import Duty, Worker
from backend.settings import Settings
from backend.stopping import stop_on_signals


def work(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises SettingError."""
    stop = threading.Event()
    stop_on_signals(stop)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    Worker(duties(settings)).run(stop)


def duties(settings: Settings) -> list[Duty]:
    """Every duty of this environment."""
    databases = wiring.open_databases(settings)
    openings = (open_messages, open_webhooks, open_packs, open_exports)
    opened: list[Duty] = [opening(settings, databases) for opening in openings]
    clock = wiring.open_clock(settings, databases)
    forgetting = ForgetRequests(databases.ledger, clock, settings.requests_days)
    return [
        *opened,
        Simulations(databases.ledger),
        FiguresDuty(databases.ledger),
        forgetting,
        Reach(databases.ledger, wiring.now_ms),
    ]
