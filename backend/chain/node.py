"""The embedded chain: a local anvil whose state survives kill -9.

anvil writes its whole state to one file every few seconds, truncating it first: a kill in the
middle leaves a broken file. `StateKeeper` therefore moves each complete file aside, and
`prepare_state` puts the newest complete one back before a start. Everything in that file comes
back with the same hashes (blocks, transactions, receipts, logs); only `eth_call` at blocks older
than the file does not. What was mined after it is lost, so the flags put the finalized block
further back than the newest file can be.

anvil answers any caller and offers cheats that rewrite state, so it listens on 127.0.0.1 only,
and its port must never be proxied.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.chain.port import ChainUnavailable
from backend.chain.rpc import JsonRpc

_STATE_END: Final = b'"historical_states":null}'
_SAVED: Final = ".saved"
_PENDING: Final = ".pending"
# The newest complete file is at most one interval, one dump and one look of the keeper old.
_DUMP_SLACK_SECONDS: Final = 10


class NodeError(Exception):
    """The embedded chain cannot be started; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How the embedded anvil runs; `state_file` lies in the data folder."""

    port: int
    state_file: Path
    block_time_seconds: int = 1
    chain_id: int = 31337
    state_interval_seconds: int = 6
    block_gas_limit: int = 300_000_000
    recent_states: int = 64

    @property
    def slots_in_an_epoch(self) -> int:
        """The finalized block is twice this below the head: further than a lost file reaches."""
        lost_seconds = self.state_interval_seconds + _DUMP_SLACK_SECONDS
        return max(1, -(-lost_seconds // (2 * self.block_time_seconds)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def find_anvil(root: Path) -> Path:
    """The native anvil of the npm package under `root`, or the one on PATH.

    Raises NodeError when there is none.
    """
    package = f"anvil-{_npm_system()}-{_npm_machine()}"
    suffix = ".exe" if _npm_system() == "win32" else ""
    bundled = root / "node_modules" / "@foundry-rs" / package / "bin" / f"anvil{suffix}"
    if bundled.is_file():
        return bundled
    if on_path := shutil.which("anvil"):
        return Path(on_path)
    raise NodeError(f"no anvil: neither {bundled} nor one on PATH (npm ci installs it)")


def command_line(anvil: Path, options: NodeOptions) -> list[str]:
    """What to spawn. The child should get SIGTERM to stop: it then writes its state once more."""
    return [
        str(anvil),
        *("--host", "127.0.0.1", "--port", str(options.port)),
        *("--chain-id", str(options.chain_id)),
        *("--block-time", str(options.block_time_seconds)),
        # First come first served: lanes never wait for each other by price.
        *("--order", "fifo"),
        *("--gas-limit", str(options.block_gas_limit)),
        "--enable-tx-gas-limit",
        *("--slots-in-an-epoch", str(options.slots_in_an_epoch)),
        *("--state", str(options.state_file)),
        *("--state-interval", str(options.state_interval_seconds)),
        *("--prune-history", str(options.recent_states)),
        "--no-cors",
        "--quiet",
    ]


def prepare_state(state_file: Path) -> None:
    """Before a start: leaves the newest complete state, or none at all, at `state_file`.

    Raises NodeError when there are only broken states: starting would begin a new chain in place
    of the old.
    """
    state_file.parent.mkdir(parents=True, exist_ok=True)
    newest_first = [state_file, _beside(state_file, _PENDING), _beside(state_file, _SAVED)]
    present = [path for path in newest_first if path.exists()]
    complete = [path for path in present if is_complete(path)]
    if present and not complete:
        raise NodeError(f"{state_file} is broken and there is no complete copy to fall back on")
    if not complete or complete[0] == state_file:
        return
    state_file.unlink(missing_ok=True)
    shutil.copyfile(complete[0], state_file)


def is_complete(state_file: Path) -> bool:
    """Whether the file was written to its end."""
    try:
        with state_file.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - len(_STATE_END)))
            return file.read() == _STATE_END
    except FileNotFoundError:
        return False


class StateKeeper:
    """Keeps the newest complete state file out of the way of the next dump."""

    def __init__(self, state_file: Path) -> None:
        self._state_file = state_file
        self._pending_file = _beside(state_file, _PENDING)
        self._saved_file = _beside(state_file, _SAVED)

    def tick(self) -> bool:
        """To be called about once a second while anvil runs; whether a state was put aside."""
        if not self._pending_file.exists():
            if not is_complete(self._state_file):
                return False
            # anvil opens the path anew for each dump. It may have opened this file since the
            # check, but after the rename it cannot: what is complete then stays complete.
            self._state_file.replace(self._pending_file)
        if not is_complete(self._pending_file):
            return False
        with self._pending_file.open("rb") as file:
            os.fsync(file.fileno())
        self._pending_file.replace(self._saved_file)
        return True


def wait_until_ready(
    url: str,
    timeout_s: float,
    still_running: Callable[[], bool] = lambda: True,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Waits for a node's first answer; returns its chain id.

    Raises NodeError when it exits or is silent for about `timeout_s` seconds.
    """
    rpc = JsonRpc(url, connect_timeout_s=1.0, read_timeout_s=2.0)
    pause_s = 0.05
    for _ in range(max(1, int(timeout_s / pause_s))):
        try:
            return rpc.chain_id()
        except ChainUnavailable:
            if not still_running():
                raise NodeError("the embedded chain exited before it answered") from None
            sleep(pause_s)
    raise NodeError(f"the chain did not answer within {timeout_s:.0f} s")


def _beside(state_file: Path, suffix: str) -> Path:
    return state_file.with_name(state_file.name + suffix)


def _npm_system() -> str:
    return {"Darwin": "darwin", "Windows": "win32"}.get(platform.system(), "linux")


def _npm_machine() -> str:
    machine = platform.machine().lower()
    return "arm64" if machine in {"arm64", "aarch64"} else "amd64"
