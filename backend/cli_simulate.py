"""`mereau simulate`: try rules on a purchase history before anybody earns by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from backend.settings import Settings

Opening = Callable[[], AbstractContextManager[Settings]]


def install(app: typer.Typer, settings: Opening) -> None:
    """Adds the command; `settings` opens the settings and shows failures in a sentence."""

    @app.command("simulate")
    def simulate(
        rules: Annotated[
            str,
            typer.Argument(help="A rules file, a program `prg_…`, or a version `prg_…@3`."),
        ],
        file: Annotated[Path, typer.Argument(help="CSV: customer_id, date, amount_<currency>, …")],
        against: Annotated[
            str | None, typer.Option(help="Rules to compare with: what was before.")
        ] = None,
        points: Annotated[
            int, typer.Option(min=1, help="So many points are worth --worth-minor.")
        ] = 1,
        worth_minor: Annotated[
            int | None,
            typer.Option(min=0, help="What points cost you; else the rules' worth."),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Replay purchases through rules without minting: points, cost, who is rewarded."""
        from backend.commands import simulate as command
        from backend.core.simulation import Worth

        with settings() as opened:
            worth = None if worth_minor is None else Worth(points, worth_minor)
            before = None if against is None else command.find_rules(opened, against)
            outcome = command.run(command.find_rules(opened, rules), file, worth, before)
        if as_json:
            typer.echo(json.dumps(command.as_document(outcome), indent=2))
        else:
            command.show(outcome, Console())
