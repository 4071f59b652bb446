"""Pages of the console over a whole purchase history: p50 and p95 of each, on the server.

    python -m bench.pages_bench FILE.csv [--rounds N] [--keep FOLDER]

The history is replayed through the API into a house of its own, without a chain, and the figures
are carried on as the worker does; a kept folder is filled once. Every page is then asked for in
turn, so that a slow second of the machine hits all of them; each is held to TARGET_MS.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from sqlalchemy import select

from backend import wiring
from backend.api.app import create_app
from backend.commands.purchase_file import days_to_yesterday, read_purchases
from backend.commands.replay import Replay, Target
from backend.core.roles import Role
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.keep_figures import keep_figures
from backend.ledger.merchants import add_key, add_merchant
from backend.ledger.people_tables import StaffUser
from backend.ledger.tables import Merchant, Program
from backend.services.house import House
from backend.services.sessions import open_session
from backend.settings import Settings
from backend.web import front
from tests.explorer_kit import running

TARGET_MS: Final = 150
PAGES: Final = {
    "overview, 30 days": "",
    "overview, 12 months": "?period=year",
    "overview, all": "?period=all",
    "series by day, all": "/overview/series?period=all&step=day",
    "series as JSON, all": "/overview/series?period=all&step=day&as=json",
    "cohorts": "/overview/cohorts",
    "exports": "/exports",
    "users": "/console/users",
    "who did what": "/console/users/trail",
    "API keys": "/console/keys",
    "requests": "/console/requests",
}
_TERMS: Final = {
    "name": "Records",
    "symbol": "REC",
    "earning": {"points": 1, "per_amount_minor": 100},
    "expiry": {"period_months": 3, "validity_periods": 4, "timezone": "Europe/Paris"},
}


@dataclass(frozen=True, slots=True)
class PageResult:
    """`cpu_ms` is the processor's time for it, median: what a machine with others on it adds to
    the rest is not in it."""

    name: str
    p50_ms: float
    p95_ms: float
    cpu_ms: float


def run(path: Path, rounds: int = 40, keep: Path | None = None) -> list[PageResult]:
    """The milliseconds of each page, over a history."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=keep or Path(folder))
        databases = wiring.open_databases(settings)
        house = wiring.open_house(settings, databases)
        app = create_app(house)
        front.install_pages(app, house)
        with running(app) as url:
            with databases.ledger.connect() as connection:
                found = connection.execute(select(table_of(Program).c.id)).scalar()
            program_id = found or asyncio.run(_replay(house, url, path, databases))
            while keep_figures(databases.ledger):
                continue
            return _measure(house, url, program_id, rounds, databases)


def _measure(
    house: House, url: str, program_id: str, rounds: int, databases: wiring.Databases
) -> list[PageResult]:
    times: dict[str, list[float]] = {name: [] for name in PAGES}
    worked: dict[str, list[float]] = {name: [] for name in PAGES}
    with _signed_in(house, url, databases) as client:
        for number in range(rounds + 1):
            for name, place in PAGES.items():
                path = place if place.startswith("/console") else f"/console/p/{program_id}{place}"
                begun, worked_before = time.perf_counter(), time.process_time()
                answer = client.get(path)
                took_ms = 1000 * (time.perf_counter() - begun)
                worked_ms = 1000 * (time.process_time() - worked_before)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path} answered {answer.status_code}")
                if number:  # The first time templates are compiled.
                    times[name].append(took_ms)
                    worked[name].append(worked_ms)
    return [
        PageResult(
            name,
            statistics.median(taken),
            statistics.quantiles(taken, n=20)[-1],
            statistics.median(worked[name]),
        )
        for name, taken in times.items()
    ]


async def _replay(house: House, url: str, path: Path, databases: wiring.Databases) -> str:
    file = read_purchases(path)
    secret, merchant_id = wiring.new_api_key(), house.new_id("mer")
    with writing(databases.ledger) as connection:
        add_merchant(connection, merchant_id, "Records", house.now_ms())
        add_key(connection, house.new_id("key"), merchant_id, secret, "bench", house.now_ms())
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "bench"}
    made = httpx2.post(
        f"{url}/v1/programs", json={**_TERMS, "currency": file.currency}, headers=headers
    )
    program_id = str(made.json()["id"])
    await Replay(
        Target(url, secret, program_id), file, days_to_yesterday(file, house.now_ms())
    ).run()
    return program_id


@contextmanager
def _signed_in(house: House, url: str, databases: wiring.Databases) -> Iterator[httpx2.Client]:
    user_id = house.new_id("usr")
    with writing(databases.ledger) as connection:
        merchant_id = connection.execute(select(table_of(Merchant).c.id)).scalar_one()
        row = {
            "id": user_id,
            "merchant_id": merchant_id,
            "email": f"{user_id}@example.org",
            "name": "Bench",
            "role": Role.OWNER.value,
            "created_at_ms": house.now_ms(),
        }
        connection.execute(table_of(StaffUser).insert(), row)
    token = asyncio.run(open_session(house, "staff", user_id))
    with httpx2.Client(base_url=url, cookies={"mereau_staff": token}, timeout=60) as client:
        yield client


def show(results: list[PageResult]) -> None:
    title = "pages of the console"
    print(f"{title:<30} p50 ms   p95 ms   cpu ms   (target: p95 ≤ {TARGET_MS})")
    for result in results:
        late = "" if result.p95_ms <= TARGET_MS else "   MISSED"
        print(
            f"  {result.name:<28}{result.p50_ms:7.1f}  {result.p95_ms:7.1f}"
            f"  {result.cpu_ms:7.1f}{late}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    show(run(given.file, given.rounds, given.keep))


if __name__ == "__main__":
    main()
