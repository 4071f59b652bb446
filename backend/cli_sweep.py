"""`mereau sweep`: what the calendar asks for, once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import typer

from backend.settings import Settings


def install(app: typer.Typer, settings: Callable[[], AbstractContextManager[Settings]]) -> None:
    """Adds the command; `settings` opens the settings and shows failures in a sentence."""

    @app.command("sweep")
    def sweep() -> None:
        """Release due points and give what the calendar gives, now. The settler does so anyway."""
        from backend.commands.sweep import sweep as run_sweep

        with settings() as opened:
            done = run_sweep(opened)
        typer.echo(f"{done} done")
