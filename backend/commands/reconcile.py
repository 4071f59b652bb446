"""Reconcile now, over the databases and the chain that the settings name."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict, replace

from rich.console import Console
from rich.table import Table

from backend import wiring
from backend.commands.running import read_ready
from backend.settings import Settings
from backend.settlement.reconcile import Reconciliation, reconcile
from backend.settlement.watch import Watch
from backend.stopping import stop_on_signals


def reconcile_now(settings: Settings, *, members_on_chain: int = 0) -> Reconciliation:
    """Compares ledger, mirror and chain; `members_on_chain` balances are asked one by one.

    The embedded chain is asked only while it runs.
    """
    databases = wiring.open_databases(settings)
    if settings.rpc_url is None and read_ready(settings.data) is None:
        result = reconcile(databases.ledger, databases.mirror)
        note = f"the chain was not asked: nothing is running on {settings.data}"
        return replace(result, notes=[*result.notes, note])
    chain = wiring.open_chain(settings)
    return reconcile(databases.ledger, databases.mirror, chain, members_on_chain=members_on_chain)


def watch(settings: Settings) -> None:
    """Compares until SIGTERM or SIGINT; what differs rests until it agrees again."""
    stop = threading.Event()
    stop_on_signals(stop)
    databases = wiring.open_databases(settings)

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    chain = wiring.open_chain(settings)
    Watch(databases.ledger, databases.mirror, chain, wiring.now_ms, say).run(
        stop, max(1, settings.reconcile_seconds)
    )


def show(result: Reconciliation, console: Console) -> None:
    """A line per program, then what differs, then the verdict."""
    table = Table("program", "ledger", "in flight", "parked", "mirror", "chain", box=None)
    for program in result.programs:
        chain = "—" if program.chain_points is None else f"{program.chain_points:,}"
        table.add_row(
            program.program_id,
            f"{program.ledger_points:,}",
            f"{program.in_flight_points:,}",
            f"{program.parked_points:,}",
            f"{program.mirror_points:,}",
            chain,
        )
    console.print(table)
    for line in (*result.notes, *result.differences):
        console.print(line, highlight=False, soft_wrap=True)
    verdict = "yes" if result.reconciled else "NO"
    console.print(f"reconciled: {verdict} (block {result.as_of_block})", highlight=False)


def as_json(result: Reconciliation) -> str:
    return json.dumps({**asdict(result), "reconciled": result.reconciled}, indent=2)
