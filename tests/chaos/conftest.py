"""Fixtures of the chaos tests: folders that forget quickly, one launcher and one node for all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.anvil import Anvil, anvil
from tests.chaos.kit import Site, site
from tests.chaos.processes import Launcher
from tests.conftest import LedgerDatabase

_MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where there is such a place: what dies here is a process, never the machine."""
    parent = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="mereau-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    made = Launcher()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def chaos_anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    """One node for the tests that leave it as it is; each deploys contracts of its own."""
    with anvil(tmp_path_factory.mktemp("chaos-anvil")) as node:
        yield node


@pytest.fixture
def house(
    tmp_path: Path, ledger_database: LedgerDatabase, chaos_anvil: Anvil, launcher: Launcher
) -> Iterator[Site]:
    """The system over an empty ledger, with nothing of it running."""
    with site(tmp_path / "data", ledger_database, chaos_anvil, launcher) as made:
        yield made
