"""kill -9 of every process of a system that replays: everything settles, exactly once."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.e2e.conftest import NewFolder
from tests.e2e.small_shop import expect_summary, write_small_shop
from tests.e2e.up_kit import Up, runs, system
from tests.postgres import Cluster

# Enough that the replay outlasts four restarts on a busy machine.
CUSTOMERS, VISITS = 150, 24


def expect_all_agrees(up: Up) -> None:
    """The contract's own word for every member."""
    verdict = up.json("reconcile", "--all-members")
    assert (verdict["reconciled"], verdict["notes"]) == (True, [])


def test_each_child_is_killed_during_the_replay(new_folder: NewFolder, tmp_path: Path) -> None:
    shop = write_small_shop(tmp_path, CUSTOMERS, VISITS)
    with system(new_folder("kills"), MEREAU_DEMO_FILE=str(shop.path)) as up:
        up.wait_for_replay_to_move()
        # The replay last: the others must not find it at its end.
        for name in ("settler", "indexer", "chain", "api", "replay"):
            up.kill(name)
        up.wait_until_serving()
        expect_summary(up.output, shop)
        expect_all_agrees(up)
        up.stop()
        assert "Traceback" not in up.output


def test_a_chain_that_lost_everything_is_made_again(new_folder: NewFolder, tmp_path: Path) -> None:
    shop = write_small_shop(tmp_path, 10, 3)
    data = new_folder("reborn")
    with system(data, MEREAU_DEMO_FILE=str(shop.path), MEREAU_FINALITY="depth:2") as up:
        up.wait_until_serving()
        up.stop()
        shutil.rmtree(data / "chain")
        up.start()
        up.wait_until_serving()
        up.wait_for("everything is back", lambda: up.supply()["in_flight"] == 0)
        assert up.supply()["total_supply"] == shop.points
        expect_all_agrees(up)
        up.stop()


def test_on_postgresql_the_supervisor_is_killed_and_started_again(
    new_folder: NewFolder, postgres: Cluster, tmp_path: Path
) -> None:
    shop = write_small_shop(tmp_path, CUSTOMERS, VISITS)
    data, url = new_folder("postgresql"), postgres.create_database()
    # The demo is in the SQLite files: here it is made anew, on the chain that is there.
    for name in ("demo.json", "ledger.db", "mirror.db"):
        (data / name).unlink()
    url = url.replace("postgresql+psycopg://", "postgresql://")
    with system(data, MEREAU_DEMO_FILE=str(shop.path), MEREAU_DATABASE_URL=url) as up:
        up.wait_for_replay_to_move()
        orphans = up.family()
        up.kill_supervisor()
        assert [process for process in orphans if runs(process)], "its children outlive it"
        findings = {finding["subject"]: finding["text"] for finding in up.json("doctor")}
        assert findings["system"] == "not running"
        up.start()
        up.wait_until_serving()
        assert [process for process in orphans if runs(process)] == []
        expect_summary(up.output, shop)
        expect_all_agrees(up)
        up.stop()
    assert not (data / "ledger.db").exists()
    postgres.drop_database(postgres.created[-1])
