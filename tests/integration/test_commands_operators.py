"""A lane that is added after the first deployment becomes an operator, or says why it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from backend.chain.contracts import Deployment
from backend.chain.quantities import write_bytes
from backend.chain.roles import is_operator, operator_from_s
from backend.commands.operators import add_missing_operators
from backend.commands.system import CannotStartError, System
from backend.settings import Settings
from tests.anvil import Anvil, admin_call, anvil, deploy, dev_key, lane_signers


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    with anvil(tmp_path_factory.mktemp("operators"), block_time_seconds=1) as running:
        yield running


def system_with(folder: Path, admin_key: str) -> System:
    keys = ",".join(dev_key(index) for index in range(3))
    settings = Settings(data=folder, admin_key=SecretStr(admin_key), operator_keys=SecretStr(keys))
    return System(settings, Console(quiet=True))


def operators(node: Anvil, deployment: Deployment) -> list[bool]:
    lanes = [signer.address for signer in lane_signers(3)]
    return [is_operator(node.chain, deployment, lane) for lane in lanes]


def test_later_lanes_are_added_by_the_admin_once(node: Anvil, tmp_path: Path) -> None:
    deployment = deploy(node, [lane_signers(1)[0].address])
    assert operators(node, deployment) == [True, False, False]
    system = system_with(tmp_path, dev_key(9))
    add_missing_operators(system, node.chain, deployment)
    assert operators(node, deployment) == [True, True, True]
    sent = node.chain.nonce(lane_signers(10)[9].address)
    add_missing_operators(system, node.chain, deployment)
    assert node.chain.nonce(lane_signers(10)[9].address) == sent


def test_a_key_that_is_not_the_admin_is_told_so(node: Anvil, tmp_path: Path) -> None:
    deployment = deploy(node, [lane_signers(1)[0].address])
    with pytest.raises(CannotStartError, match="MEREAU_ADMIN_KEY is not the admin"):
        add_missing_operators(system_with(tmp_path, dev_key(8)), node.chain, deployment)
    assert operators(node, deployment) == [True, False, False]


def test_a_later_lane_waits_for_the_contracts_delay(node: Anvil, tmp_path: Path) -> None:
    deployment = deploy(node, [lane_signers(1)[0].address], role_delay_seconds=86_400)
    system = system_with(tmp_path, dev_key(9))
    add_missing_operators(system, node.chain, deployment)
    added = lane_signers(2)[1].address
    assert operators(node, deployment) == [True, False, False]
    assert operator_from_s(node.chain, deployment, added) >= node.chain.head().timestamp_s + 80_000
    sent = node.chain.nonce(lane_signers(10)[9].address)
    add_missing_operators(system, node.chain, deployment)
    assert node.chain.nonce(lane_signers(10)[9].address) == sent


def test_a_lane_that_was_removed_stays_out_at_every_later_start(
    node: Anvil, tmp_path: Path
) -> None:
    lanes = [signer.address for signer in lane_signers(3)]
    deployment = deploy(node, lanes)
    stolen = write_bytes(lanes[1])
    admin_call(node, deployment, "removeOperator(address)", stolen)
    system = system_with(tmp_path, dev_key(9))
    with system.console.capture() as said:
        system.console.quiet = False
        add_missing_operators(system, node.chain, deployment)
    assert operators(node, deployment) == [True, False, True]
    assert f"{stolen} was removed" in said.get()
    admin_call(node, deployment, "addOperator(address)", stolen)
    assert operators(node, deployment) == [True, True, True], (
        "only the admin's own word brings it back"
    )
