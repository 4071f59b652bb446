"""Two hundred seeds of the whole house under faults, and the seeds that once broke it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import fields, replace
from typing import Any

import pytest

from backend.ledger.tables import IdempotencyRecord
from backend.ledger.unit_of_work import UnitOfWork
from tests.sim.chance import Plan, plan_of
from tests.sim.database import Databases
from tests.sim.regressions import SEEDS
from tests.sim.simulation import Failed, run

SEEDS_PER_RUN = 200
_PER_CASE = 10
_DIGEST = """
import sys
from pathlib import Path
import tempfile
from tests.sim.database import Databases
from tests.sim.simulation import run
with tempfile.TemporaryDirectory() as name:
    databases = Databases(Path(name))
    print(" ".join(run(int(seed), databases).digest for seed in sys.argv[1:]))
"""


@pytest.mark.parametrize("first", range(1000, 1000 + SEEDS_PER_RUN, _PER_CASE))
def test_everything_settles_once_whatever_breaks(run_databases: Databases, first: int) -> None:
    results = [run(seed, run_databases) for seed in range(first, first + _PER_CASE)]
    # A run in which nothing happens proves nothing.
    assert sum(result.answers for result in results) > 5 * _PER_CASE
    assert sum(result.settled for result in results) > 3 * _PER_CASE


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_seed_once_found_stays_mended(run_databases: Databases, seed: int) -> None:
    run(seed, run_databases)


def test_the_same_seed_is_the_same_run(run_databases: Databases) -> None:
    seeds = [str(seed) for seed in (1001, 1002, 1003)]
    here = [run(int(seed), run_databases).digest for seed in seeds]
    assert len(set(here)) == len(here)
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", _DIGEST, *reversed(seeds)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        )
        assert done.stdout.split() == here[::-1]


def test_the_faults_really_happen(run_databases: Databases) -> None:
    worst = replace(
        plan_of(0), steps=150, restart=0.01, rpc_error=0.05, reorg=0.05, foreign=0.0, settlers=2
    )
    result = run(0, run_databases, worst)
    assert {"process killed", "fork", "call fails", "no block"} <= result.faults.keys()
    assert result.alarms["chain_unavailable"]


def test_the_rates_reach_what_was_promised() -> None:
    most: Counter[str] = Counter()
    for seed in range(1000):
        for field in fields(Plan):
            most[field.name] = max(most[field.name], getattr(plan_of(seed), field.name))
    promised = {
        "rpc_error": 0.05,
        "database_error": 0.001,
        "reorg": 0.05,
        "deep_reorg": 0.02,
        "delayed_block": 0.80,
        "restart": 0.002,
    }
    assert {name: most[name] for name in promised} == promised


def test_a_broken_invariant_names_its_seed(
    run_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.settlement.sender.Sender.send", _does_nothing)
    with pytest.raises(Failed, match=r"seed 7: .*not settled.*open slots"):
        run(7, run_databases)


@pytest.mark.parametrize(
    "broken",
    [
        "backend.ledger.settlement_writes.take_back",
        "backend.settlement.confirmer.rebase_crossed",
        "indexer.store.undo_supplies",
        "indexer.store.MirrorStore._restore_words",
    ],
)
def test_what_a_part_forgets_is_found(
    run_databases: Databases, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(broken, _does_nothing)
    with pytest.raises(Failed):
        _run_many_forks(run_databases)


def _run_many_forks(databases: Databases) -> None:
    for seed in range(1000, 1030):
        forks = replace(
            plan_of(seed), reorg=0.05, deep_reorg=0.02, jump=0.03, delayed_block=0.0, restart=0.0
        )
        run(seed, databases, forks)


def test_a_forgotten_key_is_found(
    run_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = UnitOfWork.stage

    def forgets(work: UnitOfWork, model: type[Any], row: dict[str, Any]) -> None:
        if model is not IdempotencyRecord:
            stage(work, model, row)

    monkeypatch.setattr(UnitOfWork, "stage", forgets)
    with pytest.raises(Failed, match="was served, and then"):
        run(1000, run_databases)


def _does_nothing(*_: object, **__: object) -> int:
    return 0
