"""Judge every member whose tier is due, now; their badges follow with the next settler."""

from __future__ import annotations

from backend import wiring
from backend.services.sweep_tiers import TierSweep
from backend.settings import Settings


def sweep_tiers(settings: Settings) -> int:
    """How many members were judged."""
    databases = wiring.open_databases(settings)
    sweep = TierSweep(
        databases.ledger, wiring.open_clock(settings, databases), wiring.new_id, badges=None
    )
    judged = 0
    while done := sweep.step():
        judged += done
    return judged
