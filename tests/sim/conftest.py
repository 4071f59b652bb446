"""What runs share: databases, in memory where the system has such a folder, and a stage on them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.__main__ import fast_folder
from tests.sim.database import Databases
from tests.sim.staging import Stage, staged


@pytest.fixture(scope="session")
def run_databases() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as name:
        databases = Databases(Path(name))
        yield databases
        databases.close()


@pytest.fixture
def stage(run_databases: Databases) -> Iterator[Stage]:
    """For what seeds have found, without chance."""
    yield from staged(run_databases)
