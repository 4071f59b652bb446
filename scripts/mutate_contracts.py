"""Seed bugs into the contracts, one at a time, and demand that the tests notice each.

    python -m scripts.mutate_contracts             all of them
    python -m scripts.mutate_contracts 3 7         only these
    python -m scripts.mutate_contracts --list      what there is
    python -m scripts.mutate_contracts --fresh     forget earlier results

Every mutant is one change of the source; the tests that guard that part run in a copy of the
repository until the first failure: first the one that is known to notice, then the files. Run
`make contracts` before. A mutant that survives makes the script fail, as does one whose text is no
longer in the source: then bring the list up to date.

What was killed is kept in `.build/mutants.json` and not run again until a contract, a test or the
mutant changes, so a run that was broken off, or ended by `--for-seconds`, goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts import _artifacts as artifacts

ROOT: Final = Path(__file__).resolve().parent.parent
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
RESULTS: Final = ROOT / ".build" / "mutants.json"
JUDGES: Final = ("contracts", "tests/contracts")
TIMEOUT_SECONDS: Final = 900
# What pytest answers when tests ran and some failed, and when all passed.
FAILED, PASSED = 1, 0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One seeded bug: in `source`, `old` becomes `new`; `tests` are the files that must notice.

    `killer` is the test that noticed when the mutant was written, as `file::test`; it runs first.
    """

    what: str
    source: str
    old: str
    new: str
    tests: str
    killer: str = ""


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


def seed(mutant: Mutant, folder: Path) -> None:
    """Put the buggy bytecode into the record of a sound compilation that Ape keeps in `folder`.

    One contract is compiled per bug, where Ape would compile all of them.
    """
    record = json.loads((ROOT / ".build" / "__local__.json").read_text(encoding="utf-8"))
    for contract, codes in compiled(mutant).items():
        for kind, code in codes.items():
            record["contractTypes"][contract][kind] = {"bytecode": code}
    build = folder / ".build"
    build.mkdir(exist_ok=True)
    (build / "__local__.json").write_text(json.dumps(record), encoding="utf-8")


def first_failure(mutant: Mutant, folder: Path, tests: list[str]) -> str | None:
    """The first of `tests` that fails in `folder`, or None. Raises SystemExit when none ran."""
    process = subprocess.Popen(
        [str(folder / ".venv" / "bin" / "ape"), "test", "-x", "-q", "--tb=no", "-rfE", *tests],
        cwd=folder,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / ".hypothesis")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        answer, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    except BaseException:
        # The chain that Ape started goes with it.
        os.killpg(process.pid, signal.SIGTERM)
        raise
    found = re.search(r"^(?:FAILED|ERROR) tests/contracts/test_(\w+)\.py::(\w+)", answer, re.M)
    if process.returncode == FAILED and found:
        return f"{found[1]}::{found[2]}"
    if process.returncode != PASSED:
        raise SystemExit(f"{mutant.what}: the tests did not run\n{answer[-2000:]}")
    return None


def killer_of(mutant: Mutant, folder: Path) -> str | None:
    """The test that fails with this bug in, or None. Raises SystemExit if it cannot be seeded."""
    seed(mutant, folder)
    if mutant.killer:
        file, test = mutant.killer.split("::")
        noticed = first_failure(mutant, folder, [f"tests/contracts/test_{file}.py::{test}"])
        if noticed:
            return noticed
    files = [f"tests/contracts/test_{name}.py" for name in mutant.tests.split()]
    return first_failure(mutant, folder, files)


def circumstances() -> str:
    """A digest of everything that a result depends on, except the mutant."""
    digest = hashlib.sha256()
    for folder in JUDGES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sol") and not {".cache", "__pycache__"} & {*path.parts}:
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
                digest.update(path.read_bytes())
    return digest.hexdigest()


def identity(mutant: Mutant, around: str) -> str:
    """What a result is kept under."""
    change = json.dumps([around, mutant.source, mutant.old, mutant.new])
    return hashlib.sha256(change.encode()).hexdigest()


def load_results() -> dict[str, str]:
    """The tests that killed, by `identity`."""
    if not RESULTS.is_file():
        return {}
    kept: dict[str, str] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return kept


def run(chosen: list[tuple[int, Mutant]], results: dict[str, str], stop_at: float) -> list[str]:
    """Run the mutants without a result until `stop_at`; answer what survived."""
    around = circumstances()
    survivors = []
    with tempfile.TemporaryDirectory(prefix="mereau-mutants-") as name:
        folder = Path(name)
        workshop(folder)
        for number, mutant in chosen:
            key = identity(mutant, around)
            if key in results:
                continue
            if time.monotonic() >= stop_at:
                break
            started = time.monotonic()
            killer = killer_of(mutant, folder)
            verdict = f"killed by {killer}" if killer else "SURVIVED"
            took = time.monotonic() - started
            print(f"{number:3} {took:4.0f} s  {mutant.what}: {verdict}", flush=True)
            if killer is None:
                survivors.append(mutant.what)
                continue
            results[key] = killer
            RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return survivors


def main() -> int:
    """Run the mutants that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--for-seconds", type=float, default=float("inf"))
    arguments = parser.parse_args()
    mutants = load()
    wanted = arguments.numbers or range(1, len(mutants) + 1)
    chosen = [(number, mutants[number - 1]) for number in wanted]
    results = {} if arguments.fresh else load_results()
    if not arguments.list:
        survivors = run(chosen, results, time.monotonic() + arguments.for_seconds)
        print("".join(f"survived: {what}\n" for what in survivors), end="")
    around = circumstances()
    killers = [results.get(identity(mutant, around)) for _, mutant in chosen]
    if arguments.list:
        for (number, mutant), killer in zip(chosen, killers, strict=True):
            print(f"{number:3} {mutant.what}: {killer or 'not run'}")
        return 0
    print(f"{sum(killer is not None for killer in killers)} of {len(chosen)} killed")
    return 0 if all(killers) else 1


if __name__ == "__main__":
    sys.exit(main())
