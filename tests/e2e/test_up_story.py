"""`mereau up` from an empty folder to its stop and its second start, as a new user sees it.

One system serves the whole module; the tests build on each other in the order of the file.
"""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.chain.codec import BATCH_APPLIED_TOPIC, decode_batch_applied
from backend.chain.quantities import read_bytes
from backend.chain.rpc import JsonRpc
from backend.core.receipts import leaf, verify_proof
from tests.e2e.conftest import NewFolder
from tests.e2e.small_shop import SmallShop, expect_summary, write_small_shop
from tests.e2e.up_kit import SERVICES, Up, runs, system

OCCURRED_AT = "2026-01-02T10:00:00+01:00"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    return write_small_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def up(new_folder: NewFolder, shop: SmallShop) -> Iterator[Up]:
    # Two blocks are final enough here, where no block is lost, and save the tests their waiting.
    settings = {"MEREAU_DEMO_FILE": str(shop.path), "MEREAU_FINALITY": "depth:2"}
    with system(new_folder("story"), **settings) as running:
        running.wait_until_serving()
        yield running


def buy(up: Up, receipt: str, amount_minor: int, key: str, **more: Any) -> tuple[int, Any]:
    body = {
        "program_id": up.ready["program_id"],
        "member": {"external_id": "00003"},
        "receipt_id": receipt,
        "occurred_at": OCCURRED_AT,
        "currency": "USD",
        "amount_minor": amount_minor,
    }
    return up.ask("POST", "/v1/purchases", body | more, key)


def balance(up: Up, member_id: str) -> dict[str, Any]:
    return up.ask("GET", f"/v1/members/{member_id}/balance")[1]


def wait_until_final(up: Up, operation_id: str) -> dict[str, Any]:
    path = f"/v1/operations/{operation_id}"
    up.wait_for("final", lambda: up.ask("GET", path)[1]["status"] == "final")
    return up.ask("GET", path)[1]


def test_the_first_run_replays_the_file_and_reconciles(up: Up, shop: SmallShop) -> None:
    expect_summary(up.output, shop)
    supply = up.supply()
    assert (supply["total_supply"], supply["minted"]) == (shop.points, shop.points)
    assert (supply["in_flight"], supply["parked"]) == (0, 0)
    assert "Traceback" not in up.output


def test_ready_says_where_everything_is_and_only_to_its_owner(up: Up) -> None:
    ready = up.ready
    names = {"api_url", "api_key", "password", "program_id", "program_address", "rpc_url"}
    assert set(ready) == names
    chain = JsonRpc(ready["rpc_url"])
    assert chain.code(read_bytes(ready["program_address"], 20))
    chain.close()
    secret = [up.data / "ready.json", up.data / "demo.json", up.data / "vault.key"]
    for path in (*secret, *(up.data / "keys").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(up.data.stat().st_mode) == 0o700


def test_no_secret_is_in_a_log_in_the_output_or_on_a_command_line(up: Up) -> None:
    keys = [path.read_bytes().hex() for path in (up.data / "keys").iterdir()]
    secrets = [up.ready["api_key"], (up.data / "vault.key").read_bytes().hex(), *keys]
    said = up.output + up.logs()
    for process in up.family():
        said += " ".join(process.cmdline())
    for secret in secrets:
        assert secret not in said


def test_the_same_key_counts_once_and_another_body_is_refused(up: Up) -> None:
    before = up.supply()["minted"]
    first = buy(up, "counter-1", 1_250, "once")
    assert first[0] == 201
    assert first[1]["points"]["earned"] == 12
    assert buy(up, "counter-1", 1_250, "once") == first
    assert buy(up, "counter-1", 1_251, "once")[0] == 422
    assert up.supply()["minted"] == before + 12


def test_a_redemption_is_held_and_captured_and_a_purchase_returned(up: Up) -> None:
    status, bought = buy(up, "counter-2", 4_000, "to-return")
    member_id = bought["member_id"]
    available = balance(up, member_id)["available"]
    body = {"program_id": up.ready["program_id"], "member_id": member_id, "points": 5}
    status, held = up.ask("POST", "/v1/redemptions", body, "hold")
    assert (status, held["status"]) == (201, "held")
    assert balance(up, member_id)["held"] == 5
    status, captured = up.ask("POST", f"/v1/redemptions/{held['id']}/capture", key="capture")
    assert (status, captured["status"]) == (200, "captured")
    status, returned = up.ask("POST", f"/v1/purchases/{bought['id']}/returns", key="return")
    assert (status, returned["points"]["taken_back"]) == (201, 40)
    operations = [*captured["operation_ids"], *returned["operation_ids"]]
    for operation_id in operations:
        wait_until_final(up, operation_id)
    settled = balance(up, member_id)
    assert settled["available"] == available - 45
    assert settled["settled"] == settled["available"]
    up.wait_for("final", lambda: balance(up, member_id)["final"] == settled["settled"])


def test_an_operation_is_proved_against_the_root_on_chain(up: Up) -> None:
    _, bought = buy(up, "counter-3", 700, "to-prove")
    (operation_id,) = bought["operation_ids"]
    operation = wait_until_final(up, operation_id)
    _, proof = up.ask("GET", f"/v1/operations/{operation_id}/proof")
    program = read_bytes(up.ready["program_address"], 20)
    chain = JsonRpc(up.ready["rpc_url"])
    number = operation["block_number"]
    logs = chain.logs_in_range(number, number, [program], [BATCH_APPLIED_TOPIC])
    chain.close()
    (batch,) = [found for log in logs if (found := decode_batch_applied(log)).seq == proof["seq"]]
    assert "0x" + logs[0].tx_hash.hex() == operation["tx_hash"]
    word, commitment = int(proof["word"], 16), read_bytes(proof["commitment"], 32)
    hashed = leaf(program, proof["seq"], proof["index"], word, commitment)
    siblings = [read_bytes(sibling, 32) for sibling in proof["siblings"]]
    place = (proof["index"], proof["leaf_count"])
    assert verify_proof(batch.receipts_root, hashed, *place, siblings)
    assert not verify_proof(batch.receipts_root[::-1], hashed, *place, siblings)


def test_reconcile_and_doctor_say_that_all_is_well(up: Up) -> None:
    up.wait_for("nothing in flight", lambda: up.supply()["in_flight"] == 0)
    verdict = up.json("reconcile", "--all-members")
    assert (verdict["reconciled"], verdict["notes"]) == (True, [])
    (program,) = verdict["programs"]
    assert program["chain_points"] == program["mirror_points"] == program["ledger_points"]
    findings = up.json("doctor")
    assert all(finding["fine"] for finding in findings)
    assert up.ready["api_url"] in findings[-1]["text"]


def test_keys_and_programs_made_while_it_runs_work_at_once(up: Up) -> None:
    made = up.json("key", "create", "--merchant", "Boulangerie Martin")
    assert (up.data / "ready.json").read_text().count(made["secret"]) == 0
    program_id = up.json(
        *("program", "create", "Fidélité", "--symbol", "FID", "--merchant", made["merchant_id"])
    )["program_id"]
    path = f"/v1/programs/{program_id}"

    def is_active() -> bool:
        return bool(up.ask("GET", path, api_key=made["secret"])[1]["status"] == "active")

    up.wait_for("the new program's contract", is_active)
    assert up.ask("GET", path)[0] == 404
    assert up.run("key", "revoke", made["key_id"]).stdout == f"revoked {made['key_id']}\n"
    up.wait_for("401", lambda: up.ask("GET", path, api_key=made["secret"])[0] == 401)


def test_a_replay_by_hand_goes_into_a_fresh_program(up: Up, shop: SmallShop) -> None:
    summary = up.json("replay", str(shop.path))
    assert summary["program_id"] != up.ready["program_id"]
    assert summary["purchases_accepted"] == shop.purchases
    points = ("points_minted", "points_settled", "chain_supply", "mirror_sum")
    assert {summary[name] for name in points} == {shop.points}
    assert summary["reconciled"] is True


def mirrored(up: Up) -> dict[str, list[Any]]:
    """Every row of the mirror that does not depend on how far it has come."""
    with contextlib.closing(sqlite3.connect(up.data / "mirror.db", timeout=30)) as mirror:
        return {
            table: sorted(mirror.execute(f"SELECT * FROM mirror_{table}"))  # noqa: S608
            for table in ("programs", "supply", "balances", "batches", "transfers")
        }


def test_a_mirror_built_anew_is_the_same(up: Up) -> None:
    before = mirrored(up)
    assert all(before.values())
    done = up.run("index", "--rebuild", "--once")
    assert done.returncode == 0, done.stderr
    up.wait_for("the same mirror", lambda: mirrored(up) == before)
    assert up.json("reconcile", "--all-members")["reconciled"] is True


def test_the_folder_and_the_port_are_held(up: Up, tmp_path: Path) -> None:
    second = up.run("up")
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == f"error: another `make up` is using {up.data}\n"
    port = up.ready["api_url"].rpartition(":")[2]
    elsewhere = up.run("up", MEREAU_DATA=str(tmp_path / "data"), MEREAU_PORT=port)
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    expected = f"error: port {port} is taken: free it, or set MEREAU_PORT to another one\n"
    assert elsewhere.stderr == expected


def test_each_child_ends_at_once_when_asked_and_is_started_again(up: Up) -> None:
    asked = [psutil.Process(up.pid_of(name)) for name in SERVICES]
    for child in asked:
        child.send_signal(signal.SIGTERM)
    up.wait_for("the end of all", lambda: not any(runs(child) for child in asked))
    up.wait_for("their restart", lambda: all(f"{name} ended" in up.output for name in SERVICES))
    assert "SIGKILL" not in up.output
    assert "Traceback" not in up.logs()
    up.wait_for("the API", up.answers)


def test_it_stops_whole_and_goes_on_where_it_stopped(up: Up) -> None:
    supply = up.supply()
    up.stop()
    assert up.output.endswith("stopped; `make up` goes on from here\n")
    assert not (up.data / "ready.json").exists()
    assert list((up.data / "run").iterdir()) == []
    findings = {finding["subject"]: finding["text"] for finding in up.json("doctor")}
    assert findings["system"] == "not running"
    up.start()
    up.wait_until_serving()
    assert "replaying" not in up.output
    assert "reconciled: yes" in up.output
    figures = ("total_supply", "minted", "redeemed", "returned", "in_flight")
    assert {name: up.supply()[name] for name in figures} == {n: supply[n] for n in figures}
    assert buy(up, "counter-1", 1_250, "once")[0] == 201


def test_a_hang_up_stops_it_too(up: Up) -> None:
    up.stop(signal.SIGHUP)
    assert list((up.data / "run").iterdir()) == []
