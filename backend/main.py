"""The ASGI application of this environment: `uvicorn --factory backend.main:app`."""

from __future__ import annotations

from fastapi import FastAPI

from backend.api.app import create_app
from backend.settings import Settings
from backend.wiring import open_databases, open_house, settle_memory


def app() -> FastAPI:
    """The application over the databases that the settings name."""
    settings = Settings()
    application = create_app(open_house(settings, open_databases(settings)))
    settle_memory()
    return application
