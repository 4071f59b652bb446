"""Check a deployment against the chain and a fresh compilation of the input kept with it.

    ape run verify_deployment --network http://127.0.0.1:8545 --data .mereau

Prints every comparison; exits with 1 when any of them fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ape
import click
from ape.cli import ConnectedProviderCommand
from rich.console import Console
from rich.table import Column, Table

from scripts import _artifacts as artifacts
from scripts import _deployment as deployment
from scripts._verification import Check, check_deployment


def recompile(data: Path, chain_id: int) -> dict[str, Any]:
    """Compile the kept input once more and return the contracts by name."""
    return artifacts.compile_input(deployment.kept_input(data, chain_id))


def as_table(checks: list[Check]) -> Table:
    """Return the comparisons, the failed ones saying what was found instead."""
    table = Table("", Column("what", overflow="fold"), Column("value", overflow="fold"))
    for check in checks:
        if check.holds:
            table.add_row("ok", check.subject, check.expected)
        else:
            table.add_row(
                "DIFFERS", check.subject, f"expected {check.expected}\nfound {check.found}"
            )
    return table


@click.command(cls=ConnectedProviderCommand)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MEREAU_DATA",
    default=deployment.DEFAULT_DATA,
    show_default=True,
)
def cli(data: Path) -> None:
    """Compare the recorded deployment with the chain."""
    chain_id = ape.chain.chain_id
    record = deployment.read_record(data, chain_id)
    if record is None:
        raise click.ClickException(f"no deployment on chain {chain_id} in {data}")
    checks = check_deployment(record, recompile(data, chain_id), ape.chain.provider.make_request)
    Console().print(as_table(checks))
    failed = sum(not check.holds for check in checks)
    if "LoyaltyBadge" not in record["contracts"]:
        click.echo("LoyaltyBadge is not in this record; the deploy script adds it")
    click.echo(f"{len(checks)} checks, {failed} differences")
    if failed:
        raise SystemExit(1)
