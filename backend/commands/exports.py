"""The duty that makes exports, built for an environment."""

from __future__ import annotations

from backend import wiring
from backend.duties.exports import ExportDuty
from backend.settings import Settings
from backend.wiring import Databases


def open_exports(settings: Settings, databases: Databases) -> ExportDuty:
    """Makes files into the data folder, and keeps them as long as the settings say."""
    return ExportDuty(
        ledger=databases.ledger,
        vault=wiring.open_vault(settings),
        downloads=settings.downloads,
        now_ms=wiring.open_clock(settings, databases),
        kept_days=settings.export_days,
    )
