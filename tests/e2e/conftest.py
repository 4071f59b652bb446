"""A first start for the whole run: what it leaves is copied, because deploying takes long."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.up_kit import system

NewFolder = Callable[[str], Path]


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data folder on which the system was started once, without a replay, and stopped.

    Workers of one run share it: the first to need it makes it, the others wait.
    """
    own = tmp_path_factory.getbasetemp()
    shared = (own if worker_id == "master" else own.parent) / "first-run"
    shared.mkdir(exist_ok=True)
    data, done = shared / "data", shared / "done"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(data, ignore_errors=True)
            with system(data, MEREAU_DEMO="0") as up:
                up.wait_until_serving()
                up.stop()
            done.touch()
    return data


@pytest.fixture(scope="session")
def new_folder(first_run: Path, tmp_path_factory: pytest.TempPathFactory) -> NewFolder:
    """Makes data folders whose contracts are deployed and whose demo is still to be replayed."""

    def make(name: str) -> Path:
        data = tmp_path_factory.mktemp(name) / "data"
        shutil.copytree(first_run, data)
        return data

    return make
