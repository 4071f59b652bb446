"""Serve the HTTP API."""

from __future__ import annotations

import uvicorn

from backend.commands.embedded_chain import why_not_free
from backend.commands.system import CannotStartError
from backend.main import app
from backend.settings import Settings


def serve(settings: Settings) -> None:
    """Answers until SIGTERM or SIGINT, then finishes what it has accepted.

    Raises CannotStartError when the port is taken, and what opening the databases raises.
    """
    if reason := why_not_free(settings.host, settings.port):
        raise CannotStartError(reason)
    uvicorn.run(
        app(),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
