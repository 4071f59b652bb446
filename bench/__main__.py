"""`make bench`: every figure of one run, each beside the ceiling it is measured against."""

from __future__ import annotations

import os

from bench import engine_bench, indexer_bench, intake_bench, settle_bench


def main() -> None:
    load_1m = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load_1m:.1f} at the start; compare ratios only\n")
    engine_bench.show(engine_bench.run())
    print()
    intake_bench.show(intake_bench.run())
    print()
    settle_bench.show(settle_bench.run())
    print()
    indexer_bench.show(indexer_bench.run())


if __name__ == "__main__":
    main()
