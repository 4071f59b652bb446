"""The embedded chain as a child: where it listens, what it keeps, who has ether on it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import urllib3

from backend import wiring
from backend.chain.node import (
    NodeError,
    NodeOptions,
    StateKeeper,
    command_line,
    find_anvil,
    prepare_state,
    wait_until_ready,
)
from backend.commands.system import CannotStartError, System
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_START_TIMEOUT_S = 60.0
_FUNDS_WEI = 10**21


def with_chain_port(settings: Settings) -> Settings:
    """The settings with the embedded chain's URL; takes a free port when the set one is taken."""
    port = settings.chain_port
    if port == 0 or not is_free("127.0.0.1", port):
        port = free_port("127.0.0.1")
    update = {"chain_port": port, "rpc_url": f"http://127.0.0.1:{port}"}
    return settings.model_copy(update=update)


def free_port(host: str) -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def start_chain(system: System) -> int:
    """Starts anvil over the state in the data folder; returns the chain id.

    Raises CannotStartError when anvil is missing, its state is broken, or it does not answer.
    """
    settings = system.settings
    state_file = settings.data / "chain" / "state.json"
    options = NodeOptions(
        port=settings.chain_port,
        state_file=state_file,
        block_time_seconds=settings.block_time_seconds,
    )
    try:
        child = system.child("chain", command_line(find_anvil(ROOT), options))
        child.prepare = lambda: prepare_state(state_file)
        child.tick = StateKeeper(state_file).tick
        system.start(child)
        chain_id = wait_until_ready(options.url, _START_TIMEOUT_S, lambda: child.running)
    except NodeError as failure:
        raise CannotStartError(str(failure)) from failure
    _fund(system, options.url)
    return chain_id


def _fund(system: System, url: str) -> None:
    """Gives our own keys ether: they are made per data folder, not anvil's public ones."""
    chain = wiring.open_chain(system.settings)
    keys = [wiring.admin_key(system.settings), *wiring.operator_keys(system.settings)]
    for address in map(wiring.address_of, keys):
        if chain.balance_wei(bytes.fromhex(address[2:])) < _FUNDS_WEI // 2:
            call = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance"}
            body = json.dumps({**call, "params": [address, hex(_FUNDS_WEI)]})
            headers = {"Content-Type": "application/json"}
            answer = urllib3.request("POST", url, body=body, headers=headers)
            if answer.status != 200:
                raise CannotStartError("the embedded chain did not take our keys")
