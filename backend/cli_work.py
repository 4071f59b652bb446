"""`mereau work`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import typer

from backend.settings import Settings


def install(app: typer.Typer, settings: Callable[[], AbstractContextManager[Settings]]) -> None:
    """Adds the command."""

    @app.command()
    def work() -> None:
        """Run the worker only: messages, webhooks, exports."""
        from backend.commands.work import work as run_work

        with settings() as found:
            run_work(found)
