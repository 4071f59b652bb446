"""A real anvil of a test's own, with our contracts on it, and cheats to fake bad days."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from eth_abi.abi import encode
from eth_account import Account

from backend.chain.contracts import Deployment
from backend.chain.keccak import selector
from backend.chain.node import NodeOptions, command_line, find_anvil, wait_until_ready
from backend.chain.quantities import read_bytes, write_bytes
from backend.chain.rpc import JsonRpc
from backend.chain.signer import LaneSigner

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "build" / "contracts"
CHAIN_ID = 31337
_MNEMONIC = "test test test test test test test test test test test junk"

Account.enable_unaudited_hdwallet_features()


def dev_key(index: int) -> str:
    """The private key of a development account, the same in every anvil."""
    account = Account.from_mnemonic(_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return str(account.key.to_0x_hex())


ADMIN = LaneSigner(dev_key(9)).address


@dataclass
class Anvil:
    """A running anvil. Blocks are mined by `mine` only, unless it was started with a block time."""

    url: str
    process: subprocess.Popen[bytes]
    command: list[str]
    chain: JsonRpc
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def rpc(self, method: str, *params: Any) -> Any:
        """A raw JSON-RPC call; AssertionError when the node answers an error."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        response = self._http.request(
            "POST", self.url, body=body, headers={"Content-Type": "application/json"}
        )
        answer = json.loads(response.data)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.rpc("evm_mine")

    def reorg(self, depth: int) -> None:
        """Replaces the newest `depth` blocks by as many empty ones."""
        self.rpc("anvil_reorg", depth, [])

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Starts it anew on the same port, from the state file if there is one."""
        self.process = _spawn(self.command)
        wait_until_ready(self.url, 20, lambda: self.process.poll() is None)


@contextmanager
def anvil(
    folder: Path, *, block_time_seconds: int | None = None, extra: Sequence[str] = ()
) -> Iterator[Anvil]:
    """An anvil whose state file lies in `folder`; it mines on demand without a block time."""
    options = NodeOptions(
        port=_free_port(),
        state_file=folder / "anvil.json",
        block_time_seconds=block_time_seconds or 1,
        state_interval_seconds=2,
    )
    command = command_line(find_anvil(ROOT), options)
    if block_time_seconds is None:
        at = command.index("--block-time")
        command[at : at + 2] = ["--no-mining"]
    command += extra
    process = _spawn(command)
    running = Anvil(options.url, process, command, JsonRpc(options.url))
    try:
        wait_until_ready(options.url, 20, lambda: running.process.poll() is None)
        yield running
    finally:
        running.kill()
        running.chain.close()
        shutil.rmtree(folder / "anvil.json", ignore_errors=True)


def deploy(node: Anvil, operators: Sequence[bytes], *, role_delay_seconds: int = 0) -> Deployment:
    """Logic, factory and settlement on `node`; account 9 is admin and guardian."""
    admin = write_bytes(ADMIN)
    logic = _deploy(node, "LoyaltyProgram")
    factory = _deploy(node, "ProgramFactory", ["address[]"], [[logic]])
    roles = [admin, admin, [write_bytes(operator) for operator in operators], role_delay_seconds]
    types = ["address", "address", "address[]", "uint256"]
    settlement = _deploy(node, "Settlement", types, roles)
    badge_types, badges = ["address", "string", "string", "string"], "https://shop.example/badges/"
    badge = _deploy(node, "LoyaltyBadge", badge_types, [settlement, "Badges", "BADGE", badges])
    return Deployment(
        chain_id=CHAIN_ID,
        settlement=read_bytes(settlement),
        factory=read_bytes(factory),
        logic=read_bytes(logic),
        operators=tuple(operators),
        first_block=1,
        badge=read_bytes(badge),
    )


def lane_signers(count: int) -> list[LaneSigner]:
    """Signers of the first development accounts, which have ether."""
    return [LaneSigner(dev_key(index)) for index in range(count)]


def admin_call(node: Anvil, deployment: Deployment, signature: str, *arguments: Any) -> None:
    """A transaction of the admin to the settlement contract, as `pause(address)`; it is mined."""
    types = signature.partition("(")[2].rstrip(")").split(",")
    admin_send(node, deployment, selector(signature), types, arguments)


def admin_send(
    node: Anvil, deployment: Deployment, four_bytes: bytes, types: Sequence[str], values: Any
) -> None:
    """The same for a call whose types are more than a list of words."""
    data = four_bytes + encode(types, values)
    receipt = _transact(node, {"to": write_bytes(deployment.settlement), "data": write_bytes(data)})
    assert receipt["status"] == "0x1"


def artifact(name: str) -> dict[str, Any]:
    """A compiled contract, compiled now if it has not been."""
    path = ARTIFACTS / f"{name}.json"
    if not path.is_file():
        from scripts import _artifacts

        _artifacts.export()
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed


def _deploy(
    node: Anvil, name: str, types: Sequence[str] = (), arguments: Sequence[Any] = ()
) -> str:
    data = artifact(name)["bytecode"] + encode(types, arguments).hex()
    receipt = _transact(node, {"data": data})
    assert receipt["status"] == "0x1"
    return str(receipt["contractAddress"])


def _transact(node: Anvil, transaction: dict[str, str]) -> dict[str, Any]:
    call = {"from": write_bytes(ADMIN), "gas": hex(5_000_000), **transaction}
    tx_hash = node.rpc("eth_sendTransaction", call)
    if "--no-mining" in node.command:
        node.mine()
    for _ in range(100):
        receipt: dict[str, Any] | None = node.rpc("eth_getTransactionReceipt", tx_hash)
        if receipt is not None:
            return receipt
        time.sleep(0.1)
    raise AssertionError("the transaction was not mined")


def _spawn(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
