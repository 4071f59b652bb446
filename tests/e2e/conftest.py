"""A first start for the whole run: what it leaves is copied, because deploying takes long."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.up_kit import Up, system

NewFolder = Callable[[str], Path]


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Up:
    """A data folder on which the system was started once, without a replay, and stopped."""
    data = tmp_path_factory.mktemp("first") / "data"
    with system(data, MEREAU_DEMO="0") as up:
        up.wait_until_serving()
        up.stop()
    return up


@pytest.fixture(scope="session")
def new_folder(first_run: Up, tmp_path_factory: pytest.TempPathFactory) -> NewFolder:
    """Makes data folders whose contracts are deployed and whose demo is still to be replayed."""

    def make(name: str) -> Path:
        data = tmp_path_factory.mktemp(name) / "data"
        shutil.copytree(first_run.data, data)
        return data

    return make
