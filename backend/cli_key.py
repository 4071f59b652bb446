"""`mereau key create|revoke`: the keys that tills call the API with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated

import typer

from backend.commands.errors import OperatorError
from backend.settings import Settings

Opening = Callable[[], AbstractContextManager[Settings]]


def install(app: typer.Typer, settings: Opening) -> None:
    """Adds the commands; `settings` opens the settings and shows failures in a sentence."""

    @app.command("create")
    def create(
        merchant: Annotated[
            str | None,
            typer.Option(
                help="Merchant id, or the name of a new merchant; may be left out if one."
            ),
        ] = None,
        label: Annotated[str, typer.Option(help="What the key is for.")] = "till",
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Create an API key. It is shown this once and cannot be shown again."""
        from backend.commands import administration

        with settings() as opened:
            made = administration.create_key(opened, merchant, label)
        plain = f"merchant {made.merchant_id}, key {made.key_id}\n{made.secret}"
        typer.echo(made.json if as_json else plain)

    @app.command("revoke")
    def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, `key_…`.")]) -> None:
        """Revoke an API key; the API refuses it within five seconds."""
        from backend.commands import administration

        with settings() as opened:
            if not administration.revoke(opened, key_id):
                raise OperatorError("there is no such live key")
        typer.echo(f"revoked {key_id}")
