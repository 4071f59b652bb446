"""`mereau up` as a process of its own, watched from outside as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import urllib3

from backend.commands.children import stop_leftovers

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180
STOP_S = 10
SERVICES = ("api", "settler", "indexer")


@dataclass
class Up:
    """A data folder, and the supervisor that runs on it."""

    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    stopped_after_s: float = 0.0

    @property
    def environment(self) -> dict[str, str]:
        bare = {k: v for k, v in os.environ.items() if not k.startswith("MEREAU_")}
        fixed = {"MEREAU_DATA": str(self.data), "MEREAU_PORT": "0", "MEREAU_CHAIN_PORT": "0"}
        return {**bare, "COLUMNS": "160", **fixed, **self.settings}

    @property
    def output_path(self) -> Path:
        return self.data.with_suffix(".out")

    @property
    def output(self) -> str:
        return self.output_path.read_text()

    @property
    def ready(self) -> dict[str, str]:
        """ready.json, once it is there."""
        found: dict[str, str] = json.loads((self.data / "ready.json").read_text())
        return found

    def start(self) -> None:
        """Starts it; its output begins anew."""
        with self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                command("up"),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_for(self, what: str, is_so: Callable[[], object]) -> None:
        """Until it is so; AssertionError with everything that was said when it is not in time."""
        assert self.process is not None
        for _ in range(PATIENCE_S * 20):
            if is_so():
                return
            if self.process.poll() is not None:
                raise AssertionError(f"ended before: {what}\n{self.output}\n{self.logs()}")
            time.sleep(0.05)
        raise AssertionError(f"not in time: {what}\n{self.output}\n{self.logs()}")

    def wait_until_serving(self) -> None:
        self.wait_for("serving", lambda: "serving; Ctrl-C" in self.output)

    def wait_for_replay_to_move(self) -> None:
        """Until purchases are being accepted, long before all of them are."""
        self.wait_for("the replay's first milestone", lambda: "replaying" in self.output)

    def pid_of(self, name: str) -> int:
        return int((self.data / "run" / f"{name}.pid").read_text().partition(" ")[0])

    def kill(self, name: str) -> None:
        """kill -9 of a child; returns once the supervisor has noticed."""
        count = self.output.count(f"{name} ended")
        os.kill(self.pid_of(name), signal.SIGKILL)
        self.wait_for(f"{name} restarted", lambda: self.output.count(f"{name} ended") > count)

    def kill_supervisor(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Ctrl-C; every process it started must be gone within ten seconds."""
        assert self.process is not None
        family = self.family()
        started_s = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(STOP_S)
        self.stopped_after_s = time.monotonic() - started_s
        assert code == 0, self.output
        assert [process for process in family if runs(process)] == []

    def family(self) -> list[psutil.Process]:
        assert self.process is not None
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def logs(self) -> str:
        paths = sorted((self.data / "logs").glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in paths)

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command of `mereau` on this data folder."""
        return subprocess.run(
            command(*arguments),
            cwd=ROOT,
            env={**self.environment, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """What a command prints with --json, which is one document and nothing else."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None, api_key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """An HTTP request as a till makes it: the status and the document."""
        headers = {"Authorization": f"Bearer {api_key or self.ready['api_key']}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = urllib3.request(
            method, f"{self.ready['api_url']}{path}", json=body, headers=headers, timeout=10
        )
        return answer.status, answer.json()

    def answers(self) -> bool:
        try:
            url = f"{self.ready['api_url']}/readyz"
            return bool(urllib3.request("GET", url, retries=False, timeout=1).status == 200)
        except urllib3.exceptions.HTTPError:
            return False

    def supply(self) -> dict[str, Any]:
        return self.ask("GET", f"/v1/programs/{self.ready['program_id']}/supply")[1]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "backend.cli", *arguments]


def runs(process: psutil.Process) -> bool:
    """Whether it does more than wait to be reaped."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def system(data: Path, **settings: str) -> Iterator[Up]:
    """A system that has been started; nothing of it is left when the context is left."""
    up = Up(data, settings)
    up.start()
    try:
        yield up
    finally:
        _end(up)


def _end(up: Up) -> None:
    if up.process is not None and up.process.poll() is None:
        up.process.send_signal(signal.SIGINT)
        try:
            up.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            up.process.kill()
            up.process.wait()
    stop_leftovers(up.data / "run")
