"""The examples of the documentation, run as printed against a running `mereau up`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.docs_blocks import ROOT, Example, difference, examples, write_files

START_TIMEOUT_S = 180
SETTLE_TIMEOUT_S = 120
STOP_TIMEOUT_S = 15
BLOCK_TIMEOUT_S = 60
END = "--- end of block"
OTHER_PAGES = ("docs/auditor/README.md", "docs/merchant/README.md", "docs/member/README.md")
"""In this order: each builds on the ones before."""
QUICKSTART = "docs/merchant/quickstart.md"


class Terminal:
    """A shell that stays open from block to block, as a reader's does."""

    def __init__(self, folder: Path, data: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "MEREAU_DATA": str(data), "LANG": "C.UTF-8"}
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def run(self, script: str) -> str:
        """What the block prints; a block that hangs ends the shell, and so the test."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        deadline = threading.Timer(BLOCK_TIMEOUT_S, self._shell.kill)
        deadline.start()
        try:
            self._shell.stdin.write(f"{script}\necho; echo '{END}'\n")
            self._shell.stdin.flush()
            lines: list[str] = []
            for line in self._shell.stdout:
                if line.rstrip("\n") == END:
                    return "".join(lines)
                lines.append(line)
        finally:
            deadline.cancel()
        raise AssertionError(f"the shell ended: {''.join(lines)}")

    def close(self) -> None:
        if self._shell.stdin is not None:
            self._shell.stdin.close()
        self._shell.wait(STOP_TIMEOUT_S)
        if self._shell.stdout is not None:
            self._shell.stdout.close()


@contextmanager
def running_system(data: Path) -> Iterator[dict[str, str]]:
    """`mereau up` on free ports and without the replay; what it says when it is ready."""
    settings = {"MEREAU_DATA": str(data), "MEREAU_DEMO": "0"}
    ports = {"MEREAU_PORT": "0", "MEREAU_CHAIN_PORT": "0"}
    others = {name: value for name, value in os.environ.items() if "MEREAU_" not in name}
    log_path = data.with_suffix(".log")
    with log_path.open("wb") as log:
        system = subprocess.Popen(
            [sys.executable, "-m", "backend.cli", "up"],
            cwd=ROOT,
            env={**others, **settings, **ports},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield _ready(system, data, log_path)
        system.send_signal(signal.SIGINT)
        # Ctrl-C as the page promises it: nothing is left behind, and nothing complains.
        assert system.wait(STOP_TIMEOUT_S) == 0, log_path.read_text()
        assert list((data / "run").iterdir()) == []
    finally:
        if system.poll() is None:
            system.terminate()
            try:
                system.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                system.kill()
                system.wait()


def _ready(system: subprocess.Popen[bytes], data: Path, log_path: Path) -> dict[str, str]:
    for _ in range(START_TIMEOUT_S * 5):
        if (data / "ready.json").exists():
            ready: dict[str, str] = json.loads((data / "ready.json").read_text())
            return ready
        if system.poll() is not None:
            break
        time.sleep(0.2)
    raise AssertionError(f"the system did not start: {log_path.read_text()}")


def wait_until_settled(ready: dict[str, str]) -> dict[str, Any]:
    """The supply, once nothing of the program is in flight."""
    url = f"{ready['api_url']}/v1/programs/{ready['program_id']}/supply"
    headers = {"Authorization": f"Bearer {ready['api_key']}"}
    supply: dict[str, Any] = {}
    for _ in range(SETTLE_TIMEOUT_S * 5):
        supply = urllib3.request("GET", url, headers=headers).json()
        on_chain = supply["minted"] - supply["redeemed"] - supply["returned"] - supply["expired"]
        assert supply["total_supply"] + supply["in_flight"] == on_chain
        if not supply["in_flight"] and _all_sealed(ready):
            return supply
        time.sleep(0.2)
    raise AssertionError(f"nothing settles: {supply}")


def _all_sealed(ready: dict[str, str]) -> bool:
    metrics = urllib3.request("GET", f"{ready['api_url']}/metrics").data.decode()
    return "\nmereau_outbox_waiting 0.0" in metrics


def read_through(terminal: Terminal, page: list[Example], ready: dict[str, str]) -> None:
    """Runs a page's blocks in their order, waiting where the page says so."""
    for example in page:
        if example.name.startswith("settled-"):
            wait_until_settled(ready)
        printed = terminal.run(example.script)
        if example.answer is not None:
            found = difference(example.answer, printed)
            assert found is None, f"{example.name}: {found}\n{printed}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples call curl")
def test_the_examples_answer_as_printed(tmp_path: Path) -> None:
    """Twice, because the page says that every block may be run again."""
    readme = examples("README.md")
    assert [example.name for example in readme][:3] == ["begin", "enrol", "quote"]
    for page in OTHER_PAGES:
        write_files(page, tmp_path)
    with running_system(tmp_path / "data") as ready:
        terminal = Terminal(tmp_path, tmp_path / "data")
        try:
            for _ in range(2):
                read_through(terminal, readme, ready)
            for page in OTHER_PAGES:
                read_through(terminal, examples(page), ready)
        finally:
            terminal.close()
        shop = Terminal(ROOT, tmp_path / "data")
        try:
            read_through(shop, examples(QUICKSTART), ready)
        finally:
            shop.close()
        supply = wait_until_settled(ready)
        assert (supply["minted"], supply["redeemed"], supply["returned"]) == (61, 30, 12)
