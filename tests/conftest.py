"""Fixtures of all tests, and which of the two runners runs which tests.

`pytest` runs everything but tests/contracts; `ape test` runs tests/contracts and nothing else.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from backend.ledger.engine import ledger_engine, mirror_engine
from backend.ledger.schema import create_mirror, upgrade
from tests.postgres import Cluster, postgres_cluster

LONGEST = (
    "e2e/test_up_story",
    "sim/test_simulator",
    "scripts/test_deployment",
    "e2e/test_docs_examples",
    "integration/test_chain_sweep",
    "integration/test_settle_kill",
    "integration/test_rights_",
    "integration/test_migrations",
    "integration/test_badges",
    "integration/test_explorer_",
    "integration/test_commands_",
    "property/",
    "chaos/",
)
CONTRACTS = Path(__file__).resolve().parent / "contracts"

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    # A fixture per test function, not per example: the tests that share one know it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("dev", settings.get_profile("ci"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Take Ape's plugin, which would start a chain for every run, out of a plain pytest run."""
    config = pluginmanager.get_plugin("pytestconfig")
    if isinstance(config, pytest.Config) and not _run_by_ape(config):
        pluginmanager.set_blocked("ape_test")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Give each runner its tests."""
    inside = collection_path == CONTRACTS or CONTRACTS in collection_path.parents
    leads_there = collection_path in CONTRACTS.parents
    wanted = inside if _run_by_ape(config) else not inside
    return None if wanted or leads_there else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no worker is left alone with one of them at the end."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((n for n, name in enumerate(LONGEST) if name in path), len(LONGEST))


def _run_by_ape(config: pytest.Config) -> bool:
    return "ape_test" in (config.invocation_params.plugins or ())


@dataclass(frozen=True)
class LedgerDatabase:
    """A fresh ledger, migrated, and a fresh mirror, with an engine and a URL for each."""

    kind: str
    ledger_url: str
    mirror_url: str
    ledger: Engine
    mirror: Engine

    def dispose(self) -> None:
        """Close the engines' connections."""
        self.ledger.dispose()
        self.mirror.dispose()


def open_database(kind: str, ledger_url: str, mirror_url: str) -> LedgerDatabase:
    """Engines for the two URLs; nothing is created yet."""
    ledger, mirror = ledger_engine(ledger_url), mirror_engine(mirror_url)
    return LedgerDatabase(kind, ledger_url, mirror_url, ledger, mirror)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of this run's own, started when the first test asks for it."""
    with postgres_cluster(durable=False) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    """URL of a database with ledger and mirror, to be copied for each test."""
    url = postgres.create_database()
    _prepare(open_database("postgresql", url, url))
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a ledger and a mirror, to be copied for each test."""
    folder = tmp_path_factory.mktemp("sqlite")
    _prepare(open_database("sqlite", *_sqlite_urls(folder)))
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other; parametrize it indirectly to run on one only."""
    return str(request.param)


@pytest.fixture
def ledger_database(
    database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[LedgerDatabase]:
    """A ledger and a mirror of this test's own, on each database in turn."""
    if database_kind == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        folder = tmp_path / "database"
        shutil.copytree(template, folder)
        yield from _opened("sqlite", *_sqlite_urls(folder))
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.create_database(template=request.getfixturevalue("postgres_template"))
        yield from _opened("postgresql", url, url)
        cluster.drop_database(url)


@pytest.fixture
def empty_database(
    database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[LedgerDatabase]:
    """Databases without a single table, on each database in turn."""
    if database_kind == "sqlite":
        yield from _opened("sqlite", *_sqlite_urls(tmp_path))
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.create_database()
        yield from _opened("postgresql", url, url)
        cluster.drop_database(url)


def _sqlite_urls(folder: Path) -> tuple[str, str]:
    return f"sqlite:///{folder / 'ledger.db'}", f"sqlite:///{folder / 'mirror.db'}"


def _prepare(database: LedgerDatabase) -> None:
    upgrade(database.ledger)
    create_mirror(database.mirror)
    database.dispose()


def _opened(kind: str, ledger_url: str, mirror_url: str) -> Iterator[LedgerDatabase]:
    database = open_database(kind, ledger_url, mirror_url)
    try:
        yield database
    finally:
        database.dispose()
