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
from pathlib import Path

from tests.sim.database import Databases
from tests.sim.simulation import Failed, run


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
    sums: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
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
                print("\n".join([*lines[:2], *lines[2:][-arguments.lines :]]), flush=True)
                continue
            for field in ("answers", "refusals", "blocks", "settled", "kills", "forks"):
                sums[field] += getattr(result, field)
            alarms.update(result.alarms)
            if arguments.seed is not None:
                print(result)
        databases.close()
    spent = time.process_time() - started
    print(f"{len(seeds)} seeds in {spent:.0f} s of CPU, {len(failed)} failed: {failed}")
    print(dict(sums), dict(alarms))
    return 1 if failed else 0


def fast_folder() -> str | None:
    """Memory where the system has a folder of it: a run is a hundred commits."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
