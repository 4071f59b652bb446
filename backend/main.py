"""The ASGI application of this environment: `uvicorn --factory backend.main:app`."""

from __future__ import annotations

from fastapi import FastAPI

from backend.api.app import create_app
from backend.chain.relay import Relay
from backend.running_process import settle_down
from backend.settings import Settings
from backend.web import front
from backend.wiring import now_ms, open_databases, open_house, rpc_url


def app() -> FastAPI:
    """The application over the databases that the settings name."""
    settings = Settings()
    house = open_house(settings, open_databases(settings))
    application = create_app(house)
    if house.chain is not None:
        front.install(
            application,
            gate=house.chain,
            data=settings.data,
            open_relay=lambda: Relay(rpc_url(settings)),
            now_ms=now_ms,
        )
    front.install_pages(application, house)
    settle_down()
    return application
