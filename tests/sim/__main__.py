"""`python -m tests.sim`: runs seeds and says which break what.

--first N   the first seed (0)
--seeds N   how many (1000)
--seed N    this one alone, with its trace
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.sim.database import Databases
from tests.sim.simulation import Failed, Result, run


def main() -> int:
    """1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--lines", type=int, default=40)
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    if arguments.seed is not None:
        seeds = range(arguments.seed, arguments.seed + 1)
    totals = Totals()
    failed = []
    started = time.process_time()
    with tempfile.TemporaryDirectory(dir=fast_folder()) as name:
        databases = Databases(Path(name))
        for seed in seeds:
            try:
                result = run(seed, databases)
            except Failed as failure:
                failed.append(seed)
                lines = str(failure).splitlines()
                last = lines[max(2, len(lines) - arguments.lines) :]
                print("\n".join([*lines[:2], *last]), flush=True)
                continue
            totals.add(result)
            if arguments.seed is not None:
                print(result)
        databases.close()
    spent = time.process_time() - started
    print(f"{len(seeds)} seeds in {spent:.0f} s of CPU, {len(failed)} failed: {failed}")
    totals.show()
    return 1 if failed else 0


@dataclass
class Totals:
    """What all runs did together, and what was done to them."""

    sums: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        for name in ("answers", "refusals", "blocks", "settled"):
            self.sums[name] += getattr(result, name)
        self.asked += result.asked
        self.faults += result.faults
        self.alarms += result.alarms

    def show(self) -> None:
        counted = {"did": self.sums, "served": self.asked}
        for name, counts in {**counted, "faults": self.faults, "alarms": self.alarms}.items():
            print(f"{name}: " + ", ".join(f"{n:,} {what}" for what, n in counts.most_common()))


def fast_folder() -> str | None:
    """Memory where the system has a folder of it: a run is a hundred commits."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
