"""The databases that all runs of a process share, in memory where the system has such a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.__main__ import fast_folder
from tests.sim.database import Databases


@pytest.fixture(scope="session")
def run_databases() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as name:
        databases = Databases(Path(name))
        yield databases
        databases.close()
