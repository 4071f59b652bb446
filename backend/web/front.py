"""Everything of this package put into an application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import Response

from backend.chain.relay import Relay
from backend.services.chain_gate import ChainGate
from backend.services.house import House
from backend.web import EXPLORER_FOLDER, explorer
from backend.web.books import balance, batches, changes, packs
from backend.web.books import frame as books
from backend.web.card import routes as card
from backend.web.console import counter, desk, frame, shaping
from backend.web.kit.page import Page
from backend.web.kit.site import Site
from backend.web.rate import Rate
from backend.web.rpc_proxy import RpcProxy
from backend.web.sources import Sources
from backend.web.staff import routes as staff

RPC_BURST: Final = 400
RPC_PER_SECOND: Final = 100
"""Calls of one caller: a page takes some dozens."""


def install(
    app: FastAPI,
    *,
    gate: ChainGate,
    data: Path,
    open_relay: Callable[[], Relay],
    now_ms: Callable[[], int],
    pages: Path = EXPLORER_FOLDER,
) -> None:
    """Adds /rpc and /v2/contract, and /explorer where it is built."""
    proxy = RpcProxy(open_relay, Rate(now_ms, burst=RPC_BURST, per_second=RPC_PER_SECOND))
    app.add_route("/rpc", proxy.answer, methods=["POST"], include_in_schema=False)
    sources = Sources(data, gate)
    app.add_route(
        "/v2/contract/{chain}/{address}", sources.answer, methods=["GET"], include_in_schema=False
    )
    if (pages / "index.html").is_file():
        explorer.install(app, explorer.Explorer(pages, gate))


def install_pages(app: FastAPI, house: House) -> None:
    """Adds the pages for people: the way in, the console, the card, the books."""
    site = Site(app, house)
    site.get("/", _home)
    staff.install(site)
    frame.install(site)
    desk.install(site)
    counter.install(site)
    card.install(site)
    shaping.install(site)
    for part in (books, balance, batches, changes, packs):
        part.install(site)


async def _home(page: Page) -> Response:
    return page.render("home.html")
