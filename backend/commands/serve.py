"""Serve the HTTP API."""

from __future__ import annotations

import uvicorn

from backend.settings import Settings


def serve(settings: Settings) -> None:
    """Answers until SIGTERM or SIGINT, then finishes what it has accepted."""
    uvicorn.run(
        "backend.main:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
