"""A receiver of webhooks as merchants write one: a real server on loopback that checks signatures
by itself, from what the specification says and with nothing of ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from httpx2 import Response

from backend.duties.addresses import Reach
from backend.duties.webhooks import Webhooks
from tests.api_client import Clock, Shop, accepted

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
HOUR_S = 3600


@dataclass
class Delivery:
    """One request as it came in."""

    path: str
    event_id: str
    timestamp: str
    signatures: list[str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read

    def signed_with(self, secret: str) -> bool:
        """By the Standard Webhooks specification."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.event_id}.{self.timestamp}.{self.body.decode()}".encode()
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return f"v1,{expected}" in self.signatures


@dataclass
class Receiver:
    """What came in, and what is answered: a status for each path, 204 if none is set."""

    url: str = ""
    received: list[Delivery] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    location: str = ""

    def types(self) -> list[str]:
        return [each.document["type"] for each in self.received]


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver that runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(
                Delivery(
                    self.path,
                    self.headers["webhook-id"],
                    self.headers["webhook-timestamp"],
                    self.headers["webhook-signature"].split(" "),
                    body,
                )
            )
            status = receiver.statuses.get(self.path, 204)
            said = b"" if status == 204 else f"answer {status}".encode()
            self.send_response(status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing: the tests say what they saw."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def own_till(shop: Shop) -> Shop:
    """On a database of its own: a worker delivers everybody's events."""
    shop.program_id = shop.open_program()
    return shop


@pytest.fixture
def worker(own_till: Shop) -> Iterator[Webhooks]:
    duty = make_worker(own_till)
    yield duty
    duty.close()


def make_worker(till: Shop, reach: Reach = Reach.LOOPBACK) -> Webhooks:
    house = till.house
    wall = Clock(till.clock.now_ms)
    return Webhooks(till.database.ledger, house.vault, wall, house.new_id, os.urandom, reach)


def later(worker: Webhooks, seconds: int) -> None:
    """The receiver's clock and the worker's are the wall's, the house has one of its own."""
    clock = worker.now_ms
    assert isinstance(clock, Clock)
    clock.forward(seconds)


def deliver(worker: Webhooks) -> None:
    """Until nothing is due any more."""
    while worker.step():
        worker.finish()


def listen(till: Shop, url: str, *types: str) -> dict[str, Any]:
    body = {"url": url, "event_types": list(types) or ["*"]}
    return accepted(till.post("/webhook_endpoints", body))


def on_its_way(answer: Response) -> dict[str, Any]:
    """The event that is to be sent."""
    assert answer.status_code == 202, answer.text
    event: dict[str, Any] = answer.json()
    return event


def attempts(till: Shop, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = accepted(
        till.get(f"/webhook_endpoints/{endpoint['id']}/attempts", limit="100")
    )["data"]
    return found
