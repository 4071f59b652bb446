"""Everything of this package put into an application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from backend.chain.relay import Relay
from backend.services.chain_gate import ChainGate
from backend.web import EXPLORER_FOLDER, explorer
from backend.web.rate import Rate
from backend.web.rpc_proxy import RpcProxy
from backend.web.sources import Sources

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
