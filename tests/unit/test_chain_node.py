"""The embedded chain's command line and the safe-keeping of its state file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.chain.contracts import DeploymentError, deployment_path, load_deployment
from backend.chain.node import (
    NodeError,
    NodeOptions,
    StateKeeper,
    command_line,
    find_anvil,
    is_complete,
    prepare_state,
)

END = b'"historical_states":null}'


def options(folder: Path, **changes: int) -> NodeOptions:
    return NodeOptions(port=8545, state_file=folder / "chain.json", **changes)


def write(path: Path, text: bytes, *, complete: bool = True) -> None:
    path.write_bytes(b'{"block":"' + text + b'",' + (END if complete else b'"accounts":{'))


def test_nobody_but_this_machine_and_no_browser_reaches_it(tmp_path: Path) -> None:
    command = command_line(Path("anvil"), options(tmp_path))
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert "--no-cors" in command
    assert "--allow-origin" not in command


@pytest.mark.parametrize(("interval", "block_time"), [(6, 1), (2, 1), (6, 2), (30, 12), (1, 60)])
def test_final_is_older_than_the_oldest_state_file_can_be(
    tmp_path: Path, interval: int, block_time: int
) -> None:
    chosen = options(tmp_path, state_interval_seconds=interval, block_time_seconds=block_time)
    assert 2 * chosen.slots_in_an_epoch * block_time >= interval + 10


def test_the_bundled_anvil_is_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NodeError, match="no anvil"):
        find_anvil(tmp_path)
    on_path = tmp_path / "anvil"
    on_path.touch(mode=0o755)
    assert find_anvil(tmp_path) == on_path


def test_complete_states_are_kept_and_come_back(tmp_path: Path) -> None:
    state, keeper = tmp_path / "chain.json", StateKeeper(tmp_path / "chain.json")
    assert not keeper.tick()
    write(state, b"one")
    assert keeper.tick()
    write(state, b"two", complete=False)
    assert not keeper.tick()
    prepare_state(state)
    assert b"one" in state.read_bytes()
    write(state, b"three")
    prepare_state(state)
    assert b"three" in state.read_bytes()


def test_a_dump_into_the_file_that_is_being_moved(tmp_path: Path) -> None:
    state, keeper = tmp_path / "chain.json", StateKeeper(tmp_path / "chain.json")
    write(state, b"one")
    keeper.tick()
    # anvil truncated the file after it was found complete, and writes on under its new name.
    write(state, b"two", complete=False)
    state.replace(tmp_path / "chain.json.pending")
    assert not keeper.tick()
    prepare_state(state)
    assert b"one" in state.read_bytes()
    state.unlink()
    write(tmp_path / "chain.json.pending", b"two")
    prepare_state(state)
    assert b"two" in state.read_bytes()
    assert keeper.tick()


def test_a_first_start_and_a_hopeless_one(tmp_path: Path) -> None:
    state = tmp_path / "new" / "chain.json"
    prepare_state(state)
    assert not state.exists()
    assert not is_complete(state)
    write(state, b"one", complete=False)
    with pytest.raises(NodeError, match="broken"):
        prepare_state(state)


def test_a_deployment_is_read_from_its_record(tmp_path: Path) -> None:
    path = deployment_path(tmp_path, 31337)
    with pytest.raises(DeploymentError, match="nothing is deployed"):
        load_deployment(tmp_path, 31337)
    path.parent.mkdir()
    contracts = {
        name: {"address": "0x" + byte * 20, "block_number": number, "gas_used": 1}
        for number, (name, byte) in enumerate(
            {"LoyaltyProgram": "Aa", "ProgramFactory": "bb", "Settlement": "cc"}.items(), 3
        )
    }
    record = {"chain_id": 31337, "contracts": contracts, "operators": ["0x" + "dd" * 20]}
    path.write_text(json.dumps(record), encoding="utf-8")
    deployment = load_deployment(tmp_path, 31337)
    assert deployment.settlement == b"\xcc" * 20
    assert deployment.operators == (b"\xdd" * 20,)
    assert deployment.first_block == 3
    assert deployment.badge is None
    with_badge = contracts | {"LoyaltyBadge": {"address": "0x" + "ee" * 20, "block_number": 9}}
    path.write_text(json.dumps(record | {"contracts": with_badge}), encoding="utf-8")
    assert load_deployment(tmp_path, 31337).badge == b"\xee" * 20
    for broken in ("{", "{}", json.dumps(record | {"chain_id": 1})):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(DeploymentError):
            load_deployment(tmp_path, 31337)
