"""The duty that carries figures on, built for an environment."""

from __future__ import annotations

from backend.duties.figures import FiguresDuty
from backend.settings import Settings
from backend.wiring import Databases


def open_figures(_settings: Settings, databases: Databases) -> FiguresDuty:
    """Over the environment's ledger."""
    return FiguresDuty(databases.ledger)
