"""Simulating: a small history reckoned by hand, changes of rules, and the command."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli import app
from backend.commands.basket_file import read_history
from backend.commands.purchase_file import PurchaseFileError
from backend.core.engine.moment import Moment
from backend.core.simulation import SimulatedPurchase, Worth, compare, simulate
from tests.engine_kit import BASE, SUNDAY, euros, rules_of

SAMPLE = str(Path(__file__).resolve().parents[2] / "examples/cdnow_sample.csv")
HISTORY = tuple(
    SimulatedPurchase(name, Moment.on(SUNDAY + timedelta(days=day)), euros(amount))
    for name, day, amount in [("ann", 0, 10), ("bob", 0, 5), ("ann", 40, 30), ("cy", 41, 0)]
)


def test_a_history_reckoned_by_hand() -> None:
    rules = rules_of(
        BASE,
        {"id": "hello", "on": "signup", "earn": {"kind": "fixed", "points": 3}},
        {"id": "back", "on": {"event": "idle", "days": 30}, "earn": {"kind": "fixed", "points": 7}},
        {"id": "second", "when": {"purchases": {"min": 1}},
         "earn": {"kind": "fixed", "reward": "mug"}, "pending": {"days": 3}},
        pending={"days": 14},
    )  # fmt: skip
    done = simulate(rules, HISTORY)
    assert done.points_by_rule == {"base": 45, "hello": 9, "back": 14}
    assert done.points_by_member == {"ann": 50, "bob": 15, "cy": 3}
    assert (done.points, done.points_pending) == (68, 45)
    assert done.rewards == {"mug": 1}
    assert (done.members, done.members_rewarded, done.rewarded_bp) == (3, 3, 10_000)
    assert (done.spend_minor, done.basis_minor, done.purchases) == (4500, 4500, 4)
    assert [done.percentile_points(p) for p in (1, 50, 100)] == [3, 15, 50]
    assert Worth(100, 500).cost_minor_ceil(done.points) == 340
    assert simulate(rules, HISTORY) == done


def test_a_change_of_rules_says_who_gains() -> None:
    before = simulate(rules_of(BASE), HISTORY)
    big = {"earn": {"kind": "rate", "points": 2, "per_minor": 1000}, "id": "base"}
    welcome = {"id": "w", "on": "signup", "earn": {"kind": "fixed", "points": 4}}
    after = simulate(rules_of(big, welcome), HISTORY)
    assert after.points_by_member == {"ann": 12, "bob": 5, "cy": 4}
    change = compare(before, after)
    assert (change.points, change.gain, change.lose, change.same) == (-24, 1, 1, 1)


def test_tiers_go_up_at_once_and_campaigns_run_out() -> None:
    levels: list[dict[str, Any]] = [
        {"id": "basic", "name": {"en": "Basic", "fr": "Base"}, "threshold": 0},
        {"id": "gold", "name": {"en": "Gold", "fr": "Or"}, "threshold": 1000, "multiplier": 20000},
    ]
    rules = rules_of(
        BASE,
        {"id": "gift", "campaign": "c", "earn": {"kind": "fixed", "points": 5}},
        campaigns=[{"id": "c", "budget_points": 12}],
        tiers={"measure": "spend", "window": {"kind": "rolling", "months": 12}, "levels": levels},
    )
    done = simulate(rules, HISTORY)
    assert done.points_by_rule == {"base": 45, "tier": 30, "gift": 12}
    assert done.members_by_tier == {"basic": 2, "gold": 1}
    assert (done.campaign_used, done.withheld) == ({"c": 12}, 1)


def test_files_with_receipts_have_baskets(tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    file.write_text(
        "customer_id,date,time,receipt_id,category,quantity,amount_eur,channel\n"
        "ann,2026-11-22,17:30,R1,bread,2,3.00,till\n"
        "ann,2026-11-22,17:30,R1,cake,1,4.50,till\n"
        "ann,2026-11-22,18:00,R2,,1,1.00,web\n",
        encoding="utf-8",
    )
    first, second = read_history(file, "EUR").purchases
    assert first.moment == Moment(date(2026, 11, 22), 17 * 60 + 30, 6)
    assert [(line.category, line.quantity) for line in first.basket.lines] == [
        ("bread", 2), ("cake", 1),
    ]  # fmt: skip
    assert (first.basket.amount_minor, second.basket.channel) == (750, "web")
    file.write_text("customer_id,date,time,amount_eur\nann,2026-11-22,25:00,1.00\n")
    with pytest.raises(PurchaseFileError, match="line 2: the time"):
        read_history(file, "EUR")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name in [name for name in os.environ if name.startswith("MEREAU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEREAU_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.json").write_text(
        json.dumps({"format": 1, "currency": "EUR", "rules": [BASE]}), encoding="utf-8"
    )
    (tmp_path / "shop.csv").write_text(
        "customer_id,date,amount_usd\nann,2026-11-22,10.00\nbob,2026-11-22,0.50\n",
        encoding="utf-8",
    )
    return CliRunner()


def test_the_command_compares_a_file_with_a_program(command: CliRunner) -> None:
    key = command.invoke(app, ["key", "create", "--merchant", "Martin", "--json"])
    assert key.exit_code == 0, key.output
    made = command.invoke(app, ["program", "create", "Bread", "--symbol", "BRD", "--points", "2",
                                "--json"])  # fmt: skip
    program_id = json.loads(made.stdout)["program_id"]
    arguments = ["rules.json", "shop.csv", "--against", program_id, "--worth-minor", "5", "--json"]
    result = command.invoke(app, ["simulate", *arguments])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert (figures["points"], figures["before"]["points"]) == (10, 21)
    assert (figures["cost_minor"], figures["cost_share_bp"]) == (50, 476)
    assert figures["change"] == {
        "points": -11, "members_gaining": 0, "members_losing": 2, "members_same": 0,
    }  # fmt: skip
    assert figures["members_rewarded_bp"] == 5000
    shown = command.invoke(app, ["simulate", *arguments[:-1]])
    assert "amounts in USD are read as EUR" in shown.stdout
    assert "-11 points: 0 members get more, 2 less, 0 the same" in shown.stdout


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ("nowhere.json", "nowhere.json cannot be read: No such file or directory"),
        ("shop.csv", "shop.csv is not JSON"),
        ("wrong.json", "wrong.json: /rules: a list of 1 to 500 items is expected here."),
        ("prg_01kdvdna00gte2hdyrj1gk0zx7", "there is no prg_01kdvdna00gte2hdyrj1gk0zx7 in this"),
        ("prg_01kdvdna00gte2hdyrj1gk0zx7@x", "a version of a program's rules is a number"),
    ],
)
def test_what_cannot_be_simulated_is_said(
    command: CliRunner, tmp_path: Path, rules: str, sentence: str
) -> None:
    (tmp_path / "wrong.json").write_text('{"format": 1, "currency": "EUR", "rules": []}')
    result = command.invoke(app, ["simulate", rules, "shop.csv"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr
