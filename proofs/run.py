"""Prove what no test can: run Halmos, forge's invariants and Slither on the deployed bytecode.

    python -m proofs.run                       all three
    python -m proofs.run halmos --only Batch   the proofs whose contract's name holds this
    python -m proofs.run invariants
    python -m proofs.run slither

Their tools are installed under proofs/ from locks of their own, at the first run. Halmos and forge
get the bytecode that `make contracts` exports, so what is proved is what is deployed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from scripts import _artifacts as artifacts

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
TOOLS: Final = HERE / ".venv" / "bin"
PROVEN: Final = ROOT / ".build" / "proven"
SOLVER: Final = f"{TOOLS / 'yices-smt2'} --smt2-model-format"
HALMOS_OPTIONS: Final = (
    *("--root", ".", "--forge-build-out", ".build/proofs", "--storage-layout", "generic"),
    # More than any loop of the contracts makes; a path cut short is a failure here.
    *("--loop", "8", "--solver-command", SOLVER, "--no-status"),
    *("--solver-timeout-branching", "200ms", "--solver-timeout-assertion", "3600s"),
)
# Halmos ends each warning that bears on a result with a link to this page and its own anchor.
WARNING: Final = re.compile(r"halmos/wiki/warnings#([\w-]+)")
SLITHER_READS: Final = [
    *("abi", "metadata", "devdoc", "userdoc", "evm.methodIdentifiers"),
    *("evm.bytecode", "evm.deployedBytecode"),
]
CHECK: Final = re.compile(r"^    function (check_\w+)\(", re.MULTILINE)
CONTRACT: Final = re.compile(r"^contract (\w+) is|^contract (\w+) \{", re.MULTILINE)


class ProofError(Exception):
    """A proof failed, or did not cover what it claims; the message says which and why."""


def install() -> None:
    """Put the tools in place, where the locks changed since."""
    stamp = HERE / ".venv" / ".mereau-locks"
    locks = [HERE / "requirements.lock", HERE / "package-lock.json"]
    if stamp.is_file() and all(lock.stat().st_mtime <= stamp.stat().st_mtime for lock in locks):
        return
    print("prove: tools from proofs/requirements.lock and proofs/package-lock.json", flush=True)
    uv = str(Path(sys.executable).parent / "uv")
    python = str(TOOLS / "python")
    if not (TOOLS / "python").exists():
        run([uv, "venv", "--quiet", "--python", sys.executable, str(TOOLS.parent)])
    run([uv, "pip", "sync", "--quiet", "--python", python, str(locks[0])])
    run(["npm", "ci", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund"], HERE)
    stamp.touch()


def environment() -> dict[str, str]:
    """What forge and Halmos read: our compiler, our settings, the native forge before its shim."""
    native = sorted((HERE / "node_modules" / "@foundry-rs").glob("forge-*-*/bin"))
    folders = [str(path) for path in (TOOLS, *native, HERE / "node_modules" / ".bin")]
    return {
        **os.environ,
        "PATH": os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]),
        "FOUNDRY_CONFIG": str(HERE / "foundry.toml"),
        "FOUNDRY_SOLC": str(artifacts.compiler_path()),
    }


def run(command: list[str], folder: Path = ROOT) -> None:
    """Run a tool, its words on the terminal. Raises ProofError where it fails."""
    answer = subprocess.run(command, cwd=folder, env=environment(), check=False)
    if answer.returncode != 0:
        raise ProofError(f"{Path(command[0]).name} failed")


def export_bytecode() -> None:
    """Put the program's deployment bytecode where the proofs read it."""
    artifacts.export()
    program = artifacts.load("LoyaltyProgram")
    PROVEN.mkdir(parents=True, exist_ok=True)
    content = {"abi": program["abi"], "bytecode": {"object": program["bytecode"]}}
    (PROVEN / "LoyaltyProgram.json").write_text(json.dumps(content), encoding="utf-8")


def checks() -> dict[str, set[str]]:
    """The proofs that the sources declare: names of functions by contract."""
    found: dict[str, set[str]] = {}
    for path in sorted(HERE.glob("*Proof.sol")):
        text = path.read_text(encoding="utf-8")
        for match in CONTRACT.finditer(text):
            found[match[1] or match[2]] = set(CHECK.findall(text))
    return found


def halmos_faults(wanted: set[str], report: dict[str, Any], words: str) -> Iterator[str]:
    """Why a run of Halmos proves less than `wanted`; nothing when it proves it all.

    A proof counts when it ended without counterexample, without a path that stopped half-way and
    without a loop cut at its bound. A warning is a fault too: Halmos says PASS beside it.
    """
    results = {
        result["name"].split("(")[0]: result
        for results in report["test_results"].values()
        for result in results
    }
    for name in sorted(wanted - results.keys()):
        yield f"{name}: did not run"
    for name, result in sorted(results.items()):
        if result["exitcode"] != 0:
            yield f"{name}: not proved"
        elif result["num_bounded_loops"]:
            yield f"{name}: not fully explored"
    for warning in WARNING.findall(words):
        yield f"Halmos warns: {warning}"


def said(command: list[str]) -> str:
    """Runs Halmos; its words, which are printed as they come: a run may take an hour."""
    # A narrow terminal would break the words that are looked for.
    around = {**environment(), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    words = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=around,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            words.append(line)
    return "".join(words)


def halmos(only: str) -> None:
    """Prove every `check_` function of proofs/*Proof.sol, or those of contracts named so."""
    export_bytecode()
    faults: list[str] = []
    for contract, wanted in checks().items():
        if only not in contract:
            continue
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            words = said(
                [
                    *("halmos", *HALMOS_OPTIONS, "--match-contract", f"^{contract}$"),
                    *("--json-output", str(report)),
                ]
            )
            if not report.is_file():
                faults.append(f"{contract}: Halmos did not run")
                continue
            found = json.loads(report.read_text(encoding="utf-8"))
            faults += [f"{contract}.{fault}" for fault in halmos_faults(wanted, found, words)]
    if faults:
        raise ProofError("\n".join(faults))


def invariants() -> None:
    """Run forge's campaign: 256 runs of 500 calls, none of which may revert."""
    export_bytecode()
    run(["forge", "test", "--root", ".", "--match-path", "proofs/InvariantTest.sol"])


def slither() -> None:
    """Run every detector of Slither; each finding must be answered in proofs/slither.toml."""
    answers = tomllib.loads((HERE / "slither.toml").read_text(encoding="utf-8"))["answer"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(
            ROOT / "contracts", folder / "contracts", ignore=shutil.ignore_patterns(".cache")
        )
        library = folder / artifacts.LIBRARY_TARGET
        library.parent.mkdir(parents=True, exist_ok=True)
        library.symlink_to(artifacts.LIBRARY_FOLDER)
        source = folder / "input.json"
        compiler_input = artifacts.standard_input()
        compiler_input["settings"]["outputSelection"] = {"*": {"*": SLITHER_READS, "": ["ast"]}}
        source.write_text(json.dumps(compiler_input), encoding="utf-8")
        output = subprocess.run(
            [
                *(str(TOOLS / "python"), str(HERE / "slither_findings.py")),
                *(str(source), str(artifacts.compiler_path())),
            ],
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    findings = [json.loads(line) for line in output.splitlines()]
    unanswered, idle = answered(findings, answers)
    for each in unanswered:
        print(f"{each['impact']} {each['check']}: {each['what']}\n")
    print(f"slither: {len(findings)} findings, {len(unanswered)} without an answer", flush=True)
    if unanswered or idle:
        stale = [f"{each['check']} in {each['where']}" for each in idle]
        raise ProofError(f"slither: {len(unanswered)} unanswered; answers to nothing: {stale}")


def answered(
    findings: list[dict[str, Any]], answers: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The findings that no answer fits, and the answers that fit no finding."""

    def fits(answer: dict[str, Any], finding: dict[str, Any]) -> bool:
        return (
            answer["check"] == finding["check"]
            and bool(set(finding["where"]) & set(answer["where"]))
            and answer.get("says", "") in finding["what"]
        )

    return (
        [each for each in findings if not any(fits(answer, each) for answer in answers)],
        [each for each in answers if not any(fits(each, finding) for finding in findings)],
    )


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("all", "halmos", "invariants", "slither"))
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    what = arguments.what or "all"
    try:
        install()
        if what in ("all", "slither"):
            slither()
        if what in ("all", "invariants"):
            invariants()
        if what in ("all", "halmos"):
            halmos(arguments.only)
    except ProofError as error:
        print(f"prove: {error}", file=sys.stderr)
        return 1
    print("prove: done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
