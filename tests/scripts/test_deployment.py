"""The deployment scripts against a real node: deploy, deploy again, verify, and notice changes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import _artifacts as artifacts
from scripts import _deployment as deployment
from scripts._verification import check_deployment

ROOT = Path(__file__).resolve().parent.parent.parent
CHAIN_ID = 4242
# The first development account of every anvil: public knowledge.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
OPERATOR = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"


class Node:
    """A node of its own for this test."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def rpc(self, method: str, params: list[Any]) -> Any:
        """Make one JSON-RPC call."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        request = urllib.request.Request(  # noqa: S310
            self.url, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)["result"]

    def send(self, to: str, data: str) -> None:
        """Send a transaction from the deployer and wait for it."""
        tx = {"from": DEPLOYER, "to": to, "data": data, "gas": hex(500_000)}
        digest = self.rpc("eth_sendTransaction", [tx])
        while not self.rpc("eth_getTransactionReceipt", [digest]):
            time.sleep(0.05)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """An anvil that mines at once, with a chain id that is not a development chain's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binary = shutil.which("anvil") or "anvil"
    process = subprocess.Popen(
        [binary, "--port", str(port), "--chain-id", str(CHAIN_ID), "--silent"]
    )
    found = Node(port)
    try:
        for _ in range(100):
            try:
                found.rpc("eth_chainId", [])
                break
            except OSError:
                time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of its own."""
    return tmp_path_factory.mktemp("data")


def run(script: str, node: Node, data: Path, *options: str, key: str = KEY, **more: str) -> Any:
    """Run an Ape script as the Makefile does."""
    ape = Path(sys.executable).parent / "ape"
    environment = {**os.environ, "MEREAU_DEPLOYER_KEY": key, "COLUMNS": "200", **more}
    return subprocess.run(
        [str(ape), "run", script, "--network", node.url, "--data", str(data), *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a compiler that is asked once, and answers the same input from memory."""
    folder = tmp_path_factory.mktemp("compiler")
    program = folder / artifacts.compiler_path().name
    program.write_text(
        f"""#!/bin/sh
cat >"{folder}/asked"
cmp -s "{folder}/asked" "{folder}/input" || {{
  "{artifacts.compiler_path()}" "$@" <"{folder}/asked" >"{folder}/answer" || exit 1
  mv "{folder}/asked" "{folder}/input"
}}
cat "{folder}/answer"
"""
    )
    program.chmod(0o755)
    return str(folder)


@pytest.fixture(scope="module")
def record(node: Node, data: Path) -> dict[str, Any]:
    """The deployment that all tests look at."""
    result = run("deploy", node, data, "--operator", OPERATOR)
    assert result.returncode == 0, result.stdout + result.stderr
    found = deployment.read_record(data, CHAIN_ID)
    assert found is not None
    return found


def differing(record: dict[str, Any], node: Node) -> list[str]:
    """Return what differs, comparing with the artifacts instead of a new compilation."""
    compiled = {}
    for name in artifacts.CONTRACTS:
        built = artifacts.load(name)
        compiled[name] = {
            "evm": {
                "deployedBytecode": {
                    "object": built["deployedBytecode"].removeprefix("0x"),
                    "immutableReferences": built["immutableReferences"],
                }
            }
        }
    checks = check_deployment(record, compiled, node.rpc)
    return [check.subject for check in checks if not check.holds]


def test_the_record_is_complete(record: dict[str, Any], data: Path) -> None:
    assert record["deployer"] == record["admin"] == record["guardian"] == DEPLOYER
    assert record["operators"] == [OPERATOR]
    assert set(record["contracts"]) == set(artifacts.CONTRACTS)
    folder = deployment.record_path(data, CHAIN_ID).parent
    for part in record["contracts"].values():
        assert json.loads((folder / part["abi"]).read_text())
        assert json.loads((folder / part["metadata"]).read_text())["compiler"]
    kept = json.loads((folder / record["compiler"]["standard_input"]).read_text())
    assert artifacts.digest(kept) == record["compiler"]["input_digest"]


def test_deploying_again_changes_nothing(record: dict[str, Any], node: Node, data: Path) -> None:
    result = run("deploy", node, data, "--operator", OTHER)
    assert result.returncode == 0, result.stdout + result.stderr
    assert deployment.read_record(data, CHAIN_ID) == record


def test_a_deployment_without_badges_gets_them(
    record: dict[str, Any], node: Node, data: Path
) -> None:
    old = {name: part for name, part in record["contracts"].items() if name != "LoyaltyBadge"}
    path = deployment.record_path(data, CHAIN_ID)
    kept = path.read_text()
    path.write_text(json.dumps({**record, "contracts": old}))
    result = run("deploy", node, data, "--badge-base-url", "https://shop.example/badges/")
    assert result.returncode == 0, result.stdout + result.stderr
    longer = deployment.read_record(data, CHAIN_ID)
    assert longer is not None
    added = longer["contracts"].pop("LoyaltyBadge")
    assert longer == {**record, "contracts": old}
    assert added["address"] != record["contracts"]["LoyaltyBadge"]["address"]
    assert added["constructor_arguments"][::3] == [
        old["Settlement"]["address"],
        "https://shop.example/badges/",
    ]
    assert differing({**longer, "contracts": {**old, "LoyaltyBadge": added}}, node) == []
    path.write_text(kept)


def test_a_real_chain_needs_a_key(node: Node, tmp_path: Path) -> None:
    result = run("deploy", node, tmp_path, key="")
    assert result.returncode != 0
    assert "MEREAU_DEPLOYER_KEY" in result.stderr + result.stdout


def test_verify_accepts_and_then_notices(
    record: dict[str, Any], node: Node, data: Path, compiler: str
) -> None:
    assert differing(record, node) == []
    result = run("verify_deployment", node, data, SOLCX_BINARY_PATH=compiler)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 differences" in result.stdout

    settlement = record["contracts"]["Settlement"]["address"]
    selector = artifacts.load("Settlement")["methodIdentifiers"]["addOperator(address)"]
    node.send(settlement, "0x" + selector + OTHER[2:].lower().rjust(64, "0"))
    assert differing(record, node) == ["operators"]

    factory = record["contracts"]["ProgramFactory"]["address"]
    code = node.rpc("eth_getCode", [factory, "latest"])
    node.rpc("anvil_setCode", [factory, code[:-2] + ("00" if code[-2:] != "00" else "01")])
    assert differing(record, node) == ["ProgramFactory code", "operators"]
    result = run("verify_deployment", node, data, SOLCX_BINARY_PATH=compiler)
    assert result.returncode == 1
    assert "2 differences" in result.stdout
