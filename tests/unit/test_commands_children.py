"""Children as real processes: restarted, given up, run to their end, stopped, found again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from backend.commands import children
from backend.commands.children import Child, ChildFailedError, cap_log, stop_all, stop_leftovers

FOREVER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)"
)
PATIENCE_S = 20


def wait_for(is_so: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


class Nursery:
    """Makes children in a folder, and sees to it that none is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.made: list[Child] = []

    def child(self, code: str, name: str = "toy") -> Child:
        command = [sys.executable, "-c", code]
        log_path, pid_path = self.folder / f"{name}.log", self.folder / f"{name}.pid"
        self.made.append(Child(name, command, {}, log_path, pid_path))
        return self.made[-1]

    def started(self, code: str, name: str = "toy") -> Child:
        """A child that has said that it is up."""
        child = self.child(code, name)
        child.start()
        wait_for(lambda: "up" in child.log_path.read_text())
        return child

    def watch_until(self, child: Child, is_so: Callable[[], object]) -> None:
        def watched() -> object:
            child.watch(self.said.append)
            return is_so()

        wait_for(watched)


@pytest.fixture
def nursery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    monkeypatch.setattr(children, "FIRST_PAUSE_S", 0.001)
    nursery = Nursery(tmp_path)
    yield nursery
    for child in nursery.made:
        if child.process is not None:
            child.process.kill()
            child.process.wait()


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def test_a_killed_child_is_started_again(nursery: Nursery) -> None:
    child = nursery.started(FOREVER)
    first = pid_of(child)
    os.kill(first, signal.SIGKILL)
    nursery.watch_until(child, lambda: child.running and pid_of(child) != first)
    assert nursery.said == ["toy ended (killed by SIGKILL); starting it again"]
    assert child.pid_path.read_text().startswith(f"{pid_of(child)} ")


def test_a_child_that_keeps_dying_is_given_up_and_its_log_named(nursery: Nursery) -> None:
    child = nursery.child("raise SystemExit('no luck')")
    prepared = []
    child.prepare = lambda: prepared.append(1)
    child.start()
    with pytest.raises(ChildFailedError, match=r"toy died 6 times in a minute; see .*toy\.log"):
        nursery.watch_until(child, lambda: False)
    assert len(prepared) == 6
    assert child.log_path.read_text().count("no luck") == 6
    assert nursery.said == ["toy ended (exit code 1); starting it again"] * 5


def test_a_one_shot_child_is_done_when_it_exits_by_itself(nursery: Nursery) -> None:
    child = nursery.child("raise SystemExit(3)")
    child.one_shot = True
    child.start()
    nursery.watch_until(child, lambda: child.finished)
    child.watch(nursery.said.append)
    assert child.process is not None
    assert (child.process.returncode, nursery.said) == (3, [])


def test_a_one_shot_child_that_was_killed_is_run_again(nursery: Nursery) -> None:
    child = nursery.started(FOREVER)
    child.one_shot = True
    first = pid_of(child)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: not child.running)
    assert not child.finished
    nursery.watch_until(child, lambda: child.running and pid_of(child) != first)


def test_a_running_child_gets_its_ticks(nursery: Nursery) -> None:
    child = nursery.started(FOREVER)
    ticks = []
    child.tick = lambda: ticks.append(1)
    child.watch(nursery.said.append)
    child.watch(nursery.said.append)
    assert len(ticks) == 2


def test_stopping_asks_first_and_kills_all_that_are_deaf_within_one_timeout(
    nursery: Nursery,
) -> None:
    polite = nursery.started(FOREVER, "polite")
    deaf = [nursery.started(STUBBORN, f"deaf-{number}") for number in range(3)]
    started_s = time.monotonic()
    stop_all([*deaf, polite], timeout_s=1.0)
    assert time.monotonic() - started_s < 2.5
    codes = [child.process and child.process.returncode for child in (polite, *deaf)]
    assert codes == [-signal.SIGTERM, *[-signal.SIGKILL] * 3]
    assert list(nursery.folder.glob("*.pid")) == []


def test_leftovers_are_stopped_the_chain_last(nursery: Nursery) -> None:
    tell = (
        "import signal, sys, time;"
        "signal.signal(signal.SIGTERM, lambda *_: (open('{log}', 'a').write('{name} '), "
        "sys.exit(0))); print('up', flush=True); time.sleep(600)"
    )
    log = nursery.folder / "order"
    left = [
        nursery.started(tell.format(log=log, name=name), name) for name in ("chain", "api", "zoo")
    ]
    reap = [child.process for child in left if child.process is not None]
    stop_leftovers(nursery.folder)
    for process in reap:
        process.wait(PATIENCE_S)
    assert sorted(log.read_text().split()[:2]) == ["api", "zoo"]
    assert log.read_text().split()[2:] == ["chain"]
    assert list(nursery.folder.glob("*.pid")) == []


def test_a_stranger_with_a_recycled_pid_is_left_alone(nursery: Nursery) -> None:
    stranger = nursery.started(FOREVER)
    stranger.pid_path.write_text(f"{pid_of(stranger)} 12345.6")
    (nursery.folder / "half-written.pid").write_text("")
    (nursery.folder / "gone.pid").write_text(f"{2**22 + 1} -")
    stop_leftovers(nursery.folder)
    assert psutil.Process(pid_of(stranger)).status() != psutil.STATUS_ZOMBIE
    assert list(nursery.folder.glob("*.pid")) == []


def test_a_log_is_cut_while_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "toy.log"
    code = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    with path.open("ab") as log:
        writer = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=log, text=True
        )
    assert writer.stdin is not None
    with writer, writer.stdin as lines:
        for text in ("first", "second", "third"):
            lines.write(f"{text}\n")
            lines.flush()
            wait_for(lambda text=text: text in path.read_text())  # type: ignore[misc]
            if text == "second":
                cap_log(path, bytes_max=5)
                assert path.read_text() == ""
    assert path.read_text() == "third\n"
    assert path.with_name("toy.log.1").read_text() == "first\nsecond\n"
    cap_log(path, bytes_max=100)
    cap_log(tmp_path / "none.log")
    assert path.read_text() == "third\n"
