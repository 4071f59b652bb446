"""Purchase intake over HTTP: the framework alone, durable on SQLite, durable on PostgreSQL.

    python -m bench.intake_bench [--purchases N] [--rounds N]

One server process, 64 connections, each with one request in flight; variants take turns, so that
a slow minute of the machine hits all of them. Every answer must be a 201.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import urllib3

from backend import wiring
from backend.ledger.engine import writing
from backend.ledger.merchants import add_key, add_merchant
from backend.settings import Settings
from bench.http_load import LoadResult, load, post
from tests.postgres import PostgresUnavailableError, postgres_cluster

ROOT: Final = Path(__file__).resolve().parent.parent
CONNECTIONS: Final = 64
MEMBERS: Final = 2_000
_START_S: Final = 60


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """Medians over the rounds; `ratio` is to the ceiling of the same run."""

    name: str
    per_second: float
    p50_ms: float
    p99_ms: float
    ratio: float


class Shop:
    """A server under test with a program and members of its own."""

    def __init__(self, name: str, url: str, api_key: str) -> None:
        self.name = name
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._sent = 0
        self.results: list[LoadResult] = []
        self._program_id = self._create_program()
        self._load("/v1/members", [{"external_id": f"c{n}"} for n in range(MEMBERS)])

    def buy(self, purchases: int) -> None:
        """One round; kept in `results`."""
        numbers = range(self._sent, self._sent + purchases)
        bodies: list[dict[str, object]] = [
            {
                "member": {"external_id": f"c{number * 7 % MEMBERS}"},
                "receipt_id": f"T1-{number:08d}",
                "occurred_at": "2026-03-01T12:30:00+01:00",
                "currency": "USD",
                "amount_minor": 1177 + number % 900,
            }
            for number in numbers
        ]
        self.results.append(self._load("/v1/purchases", bodies))
        self._sent += purchases

    def _load(self, path: str, bodies: list[dict[str, object]]) -> LoadResult:
        requests = []
        for number, body in enumerate(bodies, self._sent):
            headers = {**self._headers, "Idempotency-Key": f"{path}-{number}"}
            whole = {"program_id": self._program_id, **body}
            requests.append(post(path, headers, json.dumps(whole).encode()))
        host, port = self._url.removeprefix("http://").split(":")
        result = load(host, int(port), CONNECTIONS, iter(requests))
        if set(result.statuses) != {201}:
            raise RuntimeError(f"{self.name} answered {dict(result.statuses)}")
        return result

    def _create_program(self) -> str:
        terms = {"name": "Bench", "symbol": "BENCH", "currency": "USD"}
        body = json.dumps({**terms, "earning": {"points": 1, "per_amount_minor": 100}})
        headers = {**self._headers, "Content-Type": "application/json"}
        answer = urllib3.request("POST", f"{self._url}/v1/programs", body=body, headers=headers)
        program_id: str = answer.json()["id"]
        return program_id


def run(purchases: int = 4_000, rounds: int = 3) -> list[IntakeResult]:
    """The ceiling first, then SQLite, then PostgreSQL where there is one."""
    with ExitStack() as stack:
        shops = [
            stack.enter_context(_shop("framework, no database", None, ceiling=True)),
            stack.enter_context(_shop("durable on SQLite", None)),
        ]
        try:
            cluster = stack.enter_context(postgres_cluster())
        except PostgresUnavailableError as missing:
            print(f"without PostgreSQL: {missing}")
        else:
            url = cluster.create_database()
            shops.append(stack.enter_context(_shop("durable on PostgreSQL", url)))
        for _ in range(rounds):
            for shop in shops:
                shop.buy(purchases)
    ceiling = _median(shops[0])
    return [
        IntakeResult(
            shop.name,
            _median(shop),
            statistics.median(result.p50_ms for result in shop.results),
            statistics.median(result.p99_ms for result in shop.results),
            _median(shop) / ceiling,
        )
        for shop in shops
    ]


def _median(shop: Shop) -> float:
    return statistics.median(result.per_second for result in shop.results)


@contextmanager
def _shop(name: str, database_url: str | None, *, ceiling: bool = False) -> Iterator[Shop]:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        settings = Settings(data=Path(folder), database_url=database_url)
        databases = wiring.open_databases(settings)
        api_key = wiring.new_api_key()
        with writing(databases.ledger) as connection:
            add_merchant(connection, "mer_bench", "Bench", 0)
            add_key(connection, "key_bench", "mer_bench", api_key, "bench", 0)
        databases.ledger.dispose()
        environment = {
            **os.environ,
            "MEREAU_DATA": folder,
            "BENCH_CEILING": "1" if ceiling else "0",
            **({"MEREAU_DATABASE_URL": database_url} if database_url else {}),
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "bench.intake_app:app"]
        command += ["--port", str(port), "--log-level", "warning", "--no-access-log"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            _wait_for(port, server)
            yield Shop(name, f"http://127.0.0.1:{port}", api_key)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + _START_S
    while time.monotonic() < deadline_s and server.poll() is None:
        try:
            urllib3.request("GET", f"http://127.0.0.1:{port}/healthz", retries=False, timeout=1)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server under test did not start")


def show(results: list[IntakeResult]) -> None:
    print(f"purchase intake, {CONNECTIONS} connections     requests/s   p50 ms   p99 ms   ratio")
    for result in results:
        print(
            f"  {result.name:<36} {result.per_second:>10,.0f} {result.p50_ms:>8.1f}"
            f" {result.p99_ms:>8.1f} {result.ratio:>7.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    show(run(arguments.purchases, arguments.rounds))


if __name__ == "__main__":
    main()
