"""`mereau parked`: what the operator sees of parked operations, and lets wait again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backend import wiring
from backend.cli import app
from backend.core.operations import Kind
from backend.ledger import outbox
from backend.ledger.engine import writing
from backend.ledger.operations import outbox_depth
from backend.settings import Settings
from tests.integration.settle_kit import Shop

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`mereau` on a ledger with a parked redemption in each of two programs, one entry waiting."""
    for name in [name for name in os.environ if name.startswith("MEREAU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEREAU_DATA", str(tmp_path))
    shop = Shop(wiring.open_databases(Settings(data=tmp_path)).ledger)
    shop.open("prg_a", "prg_b")
    for program in ("prg_a", "prg_b"):
        shop.enrol(program, 1)
        shop.record(program, [(0, Kind.REDEEM, 5), (0, Kind.ACCRUE, 7)])
        with writing(shop.engine) as connection:
            assert outbox.park_entry(connection, program, 1, f"InsufficientBalance({program})")
    return lambda *arguments: CliRunner().invoke(app, ["parked", *arguments])


def depths(folder: Path) -> tuple[int, int]:
    """Operations that wait, and that are parked."""
    with wiring.open_databases(Settings(data=folder)).ledger.connect() as connection:
        depth = outbox_depth(connection)
    return depth.waiting_count, depth.parked_count


def test_parked_operations_are_shown_with_their_reason(run: Run) -> None:
    shown = json.loads(run("list", "--json").stdout)
    assert [(each["program_id"], each["kind"], each["points"]) for each in shown] == [
        ("prg_a", "redeem", 5),
        ("prg_b", "redeem", 5),
    ]
    said = run("list", "--program", "prg_b").stdout
    assert said.count("\n") == 1
    assert shown[1]["operation_id"] in said
    assert "InsufficientBalance(prg_b)" in said


def test_what_is_named_waits_again_and_nothing_else(run: Run, tmp_path: Path) -> None:
    first, second = (each["operation_id"] for each in json.loads(run("list", "--json").stdout))
    assert run("release", first).exit_code == 0
    assert depths(tmp_path) == (3, 1)
    refused = run("release", first, second)
    assert refused.exit_code == 1
    assert first in refused.stderr
    assert depths(tmp_path) == (3, 1), "all that are named, or none"
    assert json.loads(run("release", "--all", "--json").stdout)[0]["operation_id"] == second
    assert run("list").stdout == "nothing is parked\n"
    assert depths(tmp_path) == (4, 0)


def test_everything_must_be_asked_for(run: Run, tmp_path: Path) -> None:
    assert run("release").exit_code == 2
    assert run("release", "op_1", "--all").exit_code == 2
    assert depths(tmp_path) == (2, 2)
    assert run("release", "--program", "prg_a").exit_code == 0
    assert depths(tmp_path) == (3, 1)
