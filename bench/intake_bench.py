"""Purchase intake over HTTP: the framework alone, durable on SQLite, durable on PostgreSQL.

    python -m bench.intake_bench [--purchases N] [--rounds N]

One server process, 64 connections, each with one request in flight; variants take turns, so that
a slow minute of the machine hits all of them. Every answer must be a 201. The variants with rules
have 20 of them published, and are held to TARGET_OF_BASE of the one without on their database.
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
from typing import Any, Final

import urllib3

from backend import wiring
from backend.ledger.engine import writing
from backend.ledger.merchants import add_key, add_merchant
from backend.settings import Settings
from bench.engine_bench import document
from bench.http_load import LoadResult, load, post
from tests.postgres import PostgresUnavailableError, postgres_cluster

ROOT: Final = Path(__file__).resolve().parent.parent
CONNECTIONS: Final = 64
MEMBERS: Final = 2_000
RULES: Final = 20
TARGET_OF_BASE: Final = 0.8
_START_S: Final = 60


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """Medians over the rounds; `ratio` is to the ceiling of the same run, `of_base` to the same
    database without rules."""

    name: str
    per_second: float
    p50_ms: float
    p99_ms: float
    ratio: float
    of_base: float | None = None


class Shop:
    """A server under test with a program and members of its own."""

    def __init__(self, name: str, url: str, api_key: str, rules: int = 0) -> None:
        self.name = name
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._sent = 0
        self.results: list[LoadResult] = []
        self.rules = rules
        self._program_id = self._create_program()
        if rules:
            self._publish({**document(rules), "currency": "USD"})
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
        body = {**terms, "earning": {"points": 1, "per_amount_minor": 100}}
        program_id: str = self._ask("/v1/programs", body)["id"]
        return program_id

    def _publish(self, rules: dict[str, Any]) -> None:
        path = f"/v1/programs/{self._program_id}/rules"
        version = self._ask(path, {"document": rules})["version"]
        self._ask(f"{path}/{version}/publish", {})

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {**self._headers, "Content-Type": "application/json"}
        answer = urllib3.request(
            "POST", f"{self._url}{path}", body=json.dumps(body), headers=headers
        )
        if answer.status not in {200, 201}:
            raise RuntimeError(f"{self.name} answered {answer.status} to {path}")
        told: dict[str, Any] = answer.json()
        return told


def run(purchases: int = 4_000, rounds: int = 3) -> list[IntakeResult]:
    """The ceiling first, then SQLite, then PostgreSQL where there is one."""
    with ExitStack() as stack:
        shops = [
            stack.enter_context(_shop("framework, no database", None, ceiling=True)),
            stack.enter_context(_shop("durable on SQLite", None)),
            stack.enter_context(_shop(f"  with {RULES} rules", None, rules=RULES)),
        ]
        try:
            cluster = stack.enter_context(postgres_cluster())
        except PostgresUnavailableError as missing:
            print(f"without PostgreSQL: {missing}")
        else:
            named = {"durable on PostgreSQL": 0, f"  with {RULES} rules": RULES}
            for name, rules in named.items():
                url = cluster.create_database()
                shops.append(stack.enter_context(_shop(name, url, rules=rules)))
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
            _median(shop) / _median(before) if shop.rules else None,
        )
        for before, shop in zip([shops[0], *shops], shops, strict=False)
    ]


def _median(shop: Shop) -> float:
    return statistics.median(result.per_second for result in shop.results)


@contextmanager
def _shop(
    name: str, database_url: str | None, *, ceiling: bool = False, rules: int = 0
) -> Iterator[Shop]:
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
            yield Shop(name, f"http://127.0.0.1:{port}", api_key, rules)
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
        of_base = ""
        if result.of_base is not None:
            of_base = f"   {result.of_base:.2f} of the base rule, target {TARGET_OF_BASE}"
        print(
            f"  {result.name:<36} {result.per_second:>10,.0f} {result.p50_ms:>8.1f}"
            f" {result.p99_ms:>8.1f} {result.ratio:>7.2f}{of_base}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    show(run(arguments.purchases, arguments.rounds))


if __name__ == "__main__":
    main()
