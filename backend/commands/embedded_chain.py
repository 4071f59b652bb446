"""The embedded chain as a child: where it listens, what it keeps, who has ether on it."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Iterable
from pathlib import Path

import urllib3

from backend.chain.node import (
    NodeError,
    NodeOptions,
    StateKeeper,
    command_line,
    find_anvil,
    prepare_state,
)
from backend.chain.port import ChainUnavailable
from backend.chain.rpc import JsonRpc
from backend.commands.children import ChildFailedError
from backend.commands.system import CannotStartError, System
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_FUNDS_WEI = 10**21


def with_chain_port(settings: Settings) -> Settings:
    """The settings with the embedded chain's URL; takes a free port when the set one is taken."""
    port = settings.chain_port
    if port == 0 or why_not_free("127.0.0.1", port):
        port = free_port("127.0.0.1")
    update = {"chain_port": port, "rpc_url": f"http://127.0.0.1:{port}", "own_chain": True}
    return settings.model_copy(update=update)


def free_port(host: str) -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def why_not_free(host: str, port: int) -> str | None:
    """Why one cannot listen there, with what to do about it; None when one can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as failure:
            if failure.errno == errno.EADDRINUSE:
                return f"port {port} is taken: free it, or set MEREAU_PORT to another one"
            return f"cannot listen on {host} port {port}: {failure.strerror or failure}"
    return None


def start_chain(system: System) -> None:
    """Starts anvil over the state in the data folder; `wait_for_chain` waits until it answers.

    Raises CannotStartError when anvil is missing or its state is broken.
    """
    settings = system.settings
    state_file = _state_file(settings)
    options = NodeOptions(
        port=settings.chain_port,
        state_file=state_file,
        block_time_seconds=settings.block_time_seconds,
    )

    def prepare() -> None:
        try:
            prepare_state(state_file)
        except NodeError as failure:
            raise ChildFailedError(str(failure)) from failure

    try:
        child = system.child("chain", tuple(command_line(find_anvil(ROOT), options)))
    except NodeError as failure:
        raise CannotStartError(str(failure)) from failure
    child.prepare = prepare
    child.tick = StateKeeper(state_file).tick
    system.start(child)


def wait_for_chain(system: System, otherwise: str, seconds: float) -> int:
    """The chain's id, once it answers; CannotStartError saying `otherwise` when it does not."""
    chain = JsonRpc(str(system.settings.rpc_url), connect_timeout_s=1.0, read_timeout_s=2.0)
    found: list[int] = []

    def answers() -> bool:
        try:
            found.append(chain.chain_id())
        except ChainUnavailable:
            return False
        return True

    try:
        system.until(answers, otherwise, seconds)
    finally:
        chain.close()
    return found[0]


def fund(settings: Settings, chain: JsonRpc, addresses: Iterable[str]) -> None:
    """Gives our own keys ether: they are made per data folder, not anvil's public ones."""
    for address in addresses:
        if chain.balance_wei(bytes.fromhex(address[2:])) < _FUNDS_WEI // 2:
            call = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance"}
            body = json.dumps({**call, "params": [address, hex(_FUNDS_WEI)]})
            headers = {"Content-Type": "application/json"}
            answer = urllib3.request("POST", str(settings.rpc_url), body=body, headers=headers)
            if answer.status != 200:
                raise CannotStartError("the embedded chain did not take our keys")


def kept_block(settings: Settings) -> int:
    """The newest block that a kill cannot take from the embedded chain any more; -1 for none."""
    state_file = _state_file(settings)
    try:
        saved = json.loads(state_file.with_name(f"{state_file.name}.saved").read_bytes())
    except FileNotFoundError:
        return -1
    return int(saved["best_block_number"])


def _state_file(settings: Settings) -> Path:
    return settings.data / "chain" / "state.json"
