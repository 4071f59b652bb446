"""Seed bugs into the contracts, one at a time, and demand that the tests notice each.

    python scripts/mutate_contracts.py             all of them
    python scripts/mutate_contracts.py 3 7         only these
    python scripts/mutate_contracts.py --list      what there is

Every mutant is one change of the source; the tests that guard that part run in a copy of the
repository until the first failure. Run `make contracts` before. A mutant that survives makes the
script fail, as does one whose text is no longer in the source: then bring the list up to date.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import _artifacts as artifacts  # noqa: E402

LINKED: Final = (".venv", "node_modules", ".solcx")
COPIED: Final = (
    "backend",
    "bench",
    "contracts",
    "scripts",
    "tests",
    "ape-config.yaml",
    "pyproject.toml",
)
TIMEOUT_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Mutant:
    """One seeded bug: in `source`, `old` becomes `new`; `tests` are the files that must notice."""

    what: str
    source: str
    old: str
    new: str
    tests: str


def load() -> list[Mutant]:
    """Every mutant of scripts/mutants.toml."""
    table = tomllib.loads((ROOT / "scripts" / "mutants.toml").read_text(encoding="utf-8"))
    return [Mutant(**each) for each in table["mutant"]]


def workshop(folder: Path) -> None:
    """Copy the repository into `folder`, tools by link."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".cache")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copyfile(source, folder / name)
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)


def compiled(mutant: Mutant) -> dict[str, dict[str, str]]:
    """Bytecode of the contract that the bug is in, by Ape's names for its two kinds."""
    source = f"contracts/{mutant.source}"
    contract = "LoyaltyProgram" if "/" in mutant.source else mutant.source.removesuffix(".sol")
    path = f"contracts/{contract}.sol"
    sources = artifacts.collect_sources([path])
    count = sources[source].count(mutant.old)
    if count != 1:
        raise SystemExit(f"{mutant.what}: its text is {count} times in the source")
    sources[source] = sources[source].replace(mutant.old, mutant.new)
    compiler_input = artifacts.input_of(sources)
    outputs = ["metadata", "evm.bytecode.object", "evm.deployedBytecode.object"]
    compiler_input["settings"]["outputSelection"] = {path: {contract: outputs}}
    evm = artifacts.compile_input(compiler_input)[contract]["evm"]
    return {
        contract: {
            "deploymentBytecode": "0x" + evm["bytecode"]["object"],
            "runtimeBytecode": "0x" + evm["deployedBytecode"]["object"],
        }
    }


def killed(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests fail with this bug in. Raises SystemExit when it cannot be seeded.

    The buggy bytecode is put into Ape's own record of a sound compilation: one contract is
    compiled per bug, where Ape would compile all of them.
    """
    record = json.loads((ROOT / ".build" / "__local__.json").read_text(encoding="utf-8"))
    for contract, codes in compiled(mutant).items():
        for kind, code in codes.items():
            record["contractTypes"][contract][kind] = {"bytecode": code}
    build = folder / ".build"
    build.mkdir(exist_ok=True)
    (build / "__local__.json").write_text(json.dumps(record), encoding="utf-8")
    answer = subprocess.run(
        [
            *(str(folder / ".venv" / "bin" / "ape"), "test", "-x", "-q", "--tb=no"),
            *(f"tests/contracts/test_{name}.py" for name in mutant.tests.split()),
        ],
        cwd=folder,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / ".hypothesis")},
        timeout=TIMEOUT_SECONDS,
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode == 1 and " failed" not in answer.stdout:
        raise SystemExit(f"{mutant.what}: the tests did not run\n{answer.stdout[-2000:]}")
    return answer.returncode == 1


def main() -> int:
    """Run the mutants that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    mutants = load()
    wanted = arguments.numbers or range(1, len(mutants) + 1)
    chosen = [(number, mutants[number - 1]) for number in wanted]
    if arguments.list:
        for number, mutant in chosen:
            print(f"{number:3} {mutant.what}")
        return 0
    survivors = []
    with tempfile.TemporaryDirectory(prefix="mereau-mutants-") as name:
        folder = Path(name)
        workshop(folder)
        for number, mutant in chosen:
            started = time.monotonic()
            dead = killed(mutant, folder)
            took = time.monotonic() - started
            print(
                f"{number:3} {'killed' if dead else 'SURVIVED':8} {took:4.0f} s  {mutant.what}",
                flush=True,
            )
            if not dead:
                survivors.append(mutant.what)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
