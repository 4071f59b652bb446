"""The explorer as people meet it: the API's pages over a chain that has lived, in a browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3
import uvicorn
from eth_utils.address import to_checksum_address
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from backend.api.app import create_app
from backend.chain.relay import Relay
from backend.services.chain_gate import ChainGate
from backend.web import EXPLORER_FOLDER, front
from tests.anvil import Anvil
from tests.api_client import Clock, make_house
from tests.audit_kit import Stage, a_full_life, member
from tests.conftest import LedgerDatabase

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Lie = Callable[[str, Any, Any], Any]
"""(method, params, result) → the result that the browser gets."""


def find_browser() -> str:
    """A Chromium on PATH; skips the test where there is none, and says how to get one."""
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    pytest.skip("no Chromium on PATH: on Debian, apt-get install chromium")


@dataclass
class Site:
    """The API with its pages on a port of its own, in front of a stage."""

    url: str
    stage: Stage
    program: str
    pot: str
    lies: dict[str, Lie] = field(default_factory=dict)

    def page(self, path: str = "") -> str:
        return f"{self.url}/explorer/{path}"

    def liar(self, name: str, lie: Lie) -> str:
        """The URL of a node that tells this lie and is right about everything else."""
        self.lies[name] = lie
        return f"{self.url}/liar/{name}"

    def member(self, number: int) -> str:
        return to_checksum_address(member(number))


@contextmanager
def open_site(node: Anvil, database: LedgerDatabase, data: Path) -> Iterator[Site]:
    """Contracts, two programs with a full life, and the pages over them."""
    assert EXPLORER_FOLDER.is_dir(), "the explorer is not built: make explorer"
    stage = Stage.open(node)
    program, pot = a_full_life(stage)
    app = create_app(make_house(database, Clock()))
    front.install(
        app,
        gate=ChainGate(lambda: (node.chain, stage.deployment)),
        data=data,
        open_relay=lambda: Relay(node.url),
        now_ms=lambda: time.monotonic_ns() // 1_000_000,
    )
    site = Site("", stage, to_checksum_address(program), to_checksum_address(pot))
    _add_liar(app, site, node.url)
    with running(app) as site.url:
        yield site


def _add_liar(app: FastAPI, site: Site, node_url: str) -> None:
    http = urllib3.PoolManager(retries=False)

    def told(lie: Lie, body: bytes) -> bytes:
        requests = json.loads(body)
        headers = {"Content-Type": "application/json"}
        replies = json.loads(http.request("POST", node_url, body=body, headers=headers).data)
        pairs = [(requests, replies)] if isinstance(requests, dict) else None
        for request, reply in pairs or zip(requests, replies, strict=True):
            if "result" in reply:
                result = lie(request["method"], request["params"], reply["result"])
                reply["result"] = result
        return json.dumps(replies).encode()

    async def liar(request: Request) -> Response:
        lie = site.lies[request.path_params["name"]]
        content = await run_in_threadpool(told, lie, await request.body())
        return Response(content, media_type="application/json")

    app.add_route("/liar/{name}", liar, methods=["POST"])


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The application's URL while it runs in a thread of this process."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def screenshots() -> Path | None:
    """Where to leave screenshots, if anybody wants to look at them: MEREAU_SCREENSHOTS."""
    folder = os.environ.get("MEREAU_SCREENSHOTS")
    return Path(folder) if folder else None
