"""Commands that `mereau up` runs as processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import typer

from backend.settings import Settings


def install(app: typer.Typer, settings: Callable[[], AbstractContextManager[Settings]]) -> None:
    """Adds the commands."""

    @app.command()
    def work() -> None:
        """Run the worker only: messages, webhooks, exports."""
        from backend.commands.work import work as run_work

        with settings() as found:
            run_work(found)

    @app.command(hidden=True)
    def furnish(file: Path) -> None:
        """Give the demo's program rewards and its members something spent, after the replay."""
        from backend.commands.demo_life import furnish as run_furnish

        with settings() as found:
            run_furnish(found, file)
