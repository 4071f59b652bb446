"""The duty that carries the kept figures on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from backend.ledger.keep_figures import keep_figures


@dataclass(slots=True)
class FiguresDuty:
    """Adds what has happened to the figures of every program."""

    ledger: Engine
    name: str = "figures"

    def step(self) -> int:
        return keep_figures(self.ledger)
