"""Indexing speed: a 200,000-event chain from anvil into SQLite and PostgreSQL.

    python -m bench.indexer_bench [--batches N] [--no-postgres]

The ceiling is what the same process reads and decodes of the same logs, without writing anything.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from backend.core.operations import Kind, Operation
from backend.ledger.engine import mirror_engine
from backend.ledger.mirror_tables import balances, supply, transfers
from bench.chain_builder import Chain, deploy, member_address, running_anvil
from indexer.__main__ import collect_garbage_rarely
from indexer.events import TOPICS, decode
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.postgres import PostgresUnavailableError, postgres_cluster

WORDS: Final = 500
MEMBERS: Final = 10_000
FINALITY: Final = "depth:2"
_MEGABYTE: Final = 1024


@dataclass(frozen=True, slots=True)
class IndexerBench:
    """Events per second, and what share of the fetch-and-decode ceiling that is."""

    events: int
    build_s: float
    ceiling_events_per_s: float
    sqlite_events_per_s: float
    postgres_events_per_s: float | None
    peak_mb: int

    @property
    def sqlite_ratio(self) -> float:
        return self.sqlite_events_per_s / self.ceiling_events_per_s

    @property
    def postgres_ratio(self) -> float | None:
        if self.postgres_events_per_s is None:
            return None
        return self.postgres_events_per_s / self.ceiling_events_per_s


def run(batches: int = 400, *, postgres: bool = True) -> IndexerBench:
    """Builds the chain and indexes it; `batches` of 500 operations, one per block."""
    collect_garbage_rarely()
    with running_anvil("--prune-history", "16") as anvil:
        started_s = time.perf_counter()
        chain = deploy(anvil)
        events = build(chain, batches)
        build_s = time.perf_counter() - started_s
        ceiling = ceiling_events_per_s(chain)
        with tempfile.TemporaryDirectory() as folder:
            on_sqlite = events / index_s(chain, f"sqlite:///{Path(folder) / 'mirror.db'}")
        on_postgres = None
        if postgres:
            with _postgres_url() as url:
                on_postgres = events / index_s(chain, url) if url else None
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MEGABYTE
    return IndexerBench(events, build_s, ceiling, on_sqlite, on_postgres, peak_mb)


def build(chain: Chain, batches: int) -> int:
    """Mints, and now and then redeems, for random members; how many events there are."""
    chance = random.Random(1)
    program = chain.create_program()
    held: dict[int, int] = {}
    for _ in range(batches):
        operations = []
        for _ in range(WORDS):
            index = chance.randrange(MEMBERS)
            points = chance.randint(1, 100)
            if held.get(index, 0) > points and chance.random() < 0.1:
                operations.append(Operation(Kind.REDEEM, member_address(index), points))
                held[index] -= points
            else:
                operations.append(Operation(Kind.ACCRUE, member_address(index), points))
                held[index] = held.get(index, 0) + points
        chain.settle(program, operations)
    chain.anvil.mine(2)
    return batches * (WORDS + 1) + 1


def ceiling_events_per_s(chain: Chain) -> float:
    """Fetching and decoding alone, in ranges like the indexer's."""
    reader = chain.reader(FINALITY)
    head = chain.anvil.head_number()
    addresses = [chain.factory, *chain.seqs]
    started_s = time.perf_counter()
    count = 0
    for first in range(0, head + 1, 40):
        logs = reader.logs_in_range(first, min(head, first + 39), addresses, TOPICS)
        count += len([decode(log) for log in logs])
    return count / (time.perf_counter() - started_s)


def index_s(chain: Chain, url: str) -> float:
    """Seconds from an empty mirror to the head; AssertionError when the mirror is wrong."""
    engine = mirror_engine(url)
    store = MirrorStore(engine)
    try:
        with ThreadPoolExecutor(max_workers=1) as executor:
            indexer = Indexer(chain.reader(FINALITY), store, chain.factory, prefetch=executor)
            started_s = time.perf_counter()
            while (report := indexer.step()).progressed:
                pass
            elapsed_s = time.perf_counter() - started_s
        assert report.failure is None, report
        assert report.halted is None, report
        with engine.connect() as connection:
            counted = connection.execute(select(func.count()).select_from(transfers)).scalar_one()
            held = connection.execute(select(func.sum(balances.c.points))).scalar_one()
            total = connection.execute(select(supply.c.total_points)).scalar_one()
        assert counted == WORDS * sum(chain.seqs.values())
        assert held == total
        return elapsed_s
    finally:
        engine.dispose()


@contextmanager
def _postgres_url() -> Iterator[str | None]:
    try:
        with postgres_cluster() as cluster:
            yield cluster.create_database()
    except PostgresUnavailableError:
        yield None


def show(result: IndexerBench) -> None:
    print(f"indexing {result.events:,} events           events/s   ratio to fetch + decode")
    print(f"  {'fetch and decode alone':<28} {result.ceiling_events_per_s:>12,.0f}    1.00")
    print(f"  {'SQLite':<28} {result.sqlite_events_per_s:>12,.0f} {result.sqlite_ratio:>7.2f}")
    if result.postgres_events_per_s is not None and result.postgres_ratio is not None:
        rate, ratio = result.postgres_events_per_s, result.postgres_ratio
        print(f"  {'PostgreSQL':<28} {rate:>12,.0f} {ratio:>7.2f}")
    print(f"  peak memory {result.peak_mb} MB, building the chain included")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=400)
    parser.add_argument("--no-postgres", action="store_true")
    arguments = parser.parse_args()
    show(run(arguments.batches, postgres=not arguments.no_postgres))


if __name__ == "__main__":
    main()
