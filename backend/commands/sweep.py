"""Do everything the calendar asks for now, and stop: for whoever runs no settler all day."""

from __future__ import annotations

from backend import wiring
from backend.services.calendar_work import calendar_sweeps
from backend.settings import Settings


def sweep(settings: Settings) -> int:
    """Runs every sweep until nothing is left; how many things were done."""
    databases = wiring.open_databases(settings)
    clock = wiring.open_clock(settings, databases)
    vault = wiring.open_vault(settings)
    done = 0
    for each in calendar_sweeps(databases.ledger, vault, clock, wiring.new_id):
        while count := each.step():
            done += count
    return done
