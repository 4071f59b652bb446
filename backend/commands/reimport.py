"""Take in what the chain has and a restored, older database lost."""

from __future__ import annotations

import json

from rich.console import Console

from backend import wiring
from backend.chain.contracts import load_deployment
from backend.chain.fees import FeePolicy
from backend.settings import Settings
from backend.settlement.lanes import Parts
from backend.settlement.reimport import ReimportReport, reimport
from backend.settlement.view import ChainView


def reimport_now(settings: Settings) -> ReimportReport:
    """Everything in one go. Raises ChainError, DeploymentError and the database's errors."""
    databases = wiring.open_databases(settings)
    chain = wiring.open_chain(settings)
    parts = Parts(
        databases.ledger,
        chain,
        ChainView(chain),
        load_deployment(settings.data, chain.chain_id()),
        FeePolicy(settings.max_fee_gwei * 10**9),
        wiring.open_clock(settings, databases),
        wiring.new_id,
    )
    return reimport(parts, chain)


def show(report: ReimportReport, console: Console) -> None:
    """A line per batch, and one for everything that people have to look at."""

    def say(line: str) -> None:
        console.print(line, highlight=False, soft_wrap=True, markup=False)

    for batch in report.batches:
        proved = "its receipts are all known" if batch.proved else "not all its receipts are known"
        say(
            f"program {batch.program_id}: batch {batch.seq}, root {batch.receipts_root},"
            f" transaction {batch.tx_hash}: {batch.found_words} operations were waiting here,"
            f" {batch.unknown_words} were unknown"
            f" (+{batch.unknown_minted_points} -{batch.unknown_burned_points} points,"
            f" {batch.unknown_members} unknown members); {proved}"
        )
    for address in report.unknown_programs:
        say(f"the contract {address} is one of ours, and its program is not in the ledger")
    for hold in report.open_holds:
        say(f"the hold {hold} is open here and may have been captured or cancelled since")
    for line in report.left:
        say(line)
    if not report.batches and report.complete:
        say("the ledger knows every batch that the chain has")


def as_json(report: ReimportReport) -> str:
    return json.dumps(report.as_dict(), indent=2)
