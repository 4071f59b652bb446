"""Compile the contracts without Ape, and keep what every other part needs of them.

`build/contracts/<Name>.json` holds ABI, bytecode and immutable references of one contract;
`build/contracts/standard-input.json` is the exact input of the compiler, the thing to give to an
explorer. The input is the one that Ape makes of the same sources, names and settings included, so
that the contracts which `ape test` tries are, byte for byte, the ones that are deployed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD_FOLDER = ROOT / "build" / "contracts"
INPUT_NAME = "standard-input.json"

CONTRACTS = ("LoyaltyProgram", "ProgramFactory", "Settlement", "LoyaltyBadge")
INTERFACES = ("ILoyaltyProgram", "IProgramFactory", "ISettlement", "ILoyaltyBadge")

SOLC_VERSION = "0.8.37"
LIBRARY_VERSION = "5.7.0"
LIBRARY_PREFIX = "@openzeppelin"
# Where Ape unpacks the library inside the sources that it hands to the compiler.
LIBRARY_TARGET = f"contracts/.cache/openzeppelin/{LIBRARY_VERSION}"
LIBRARY_FOLDER = ROOT / "node_modules" / "@openzeppelin"

SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 1_000_000},
    "evmVersion": "prague",
    "viaIR": True,
    "remappings": [f"{LIBRARY_PREFIX}={LIBRARY_TARGET}"],
}
OUTPUTS = [
    "abi",
    "metadata",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
    "storageLayout",
]

_IMPORT = re.compile(r'^\s*import\b[^"\']*["\']([^"\']+)["\']', re.MULTILINE)


class CompileError(Exception):
    """The compiler refused the sources; the message holds its own words."""


def _source_path(source_id: str) -> Path:
    if source_id.startswith(LIBRARY_TARGET):
        return LIBRARY_FOLDER / source_id[len(LIBRARY_TARGET) + 1 :]
    return ROOT / source_id


def _resolve(importer: str, imported: str) -> str:
    if imported.startswith("."):
        return os.path.normpath(f"{Path(importer).parent.as_posix()}/{imported}")
    if imported.startswith(f"{LIBRARY_PREFIX}/"):
        return LIBRARY_TARGET + imported[len(LIBRARY_PREFIX) :]
    return imported


def project_sources() -> list[str]:
    """Return the project's own source files, by the compiler's names."""
    return [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
        if ".cache" not in path.parts
    ]


def collect_sources(roots: list[str] | None = None) -> dict[str, str]:
    """Return `roots`, or every file of the project, and what they import, by name."""
    waiting = project_sources() if roots is None else list(roots)
    sources: dict[str, str] = {}
    while waiting:
        source_id = waiting.pop()
        if source_id in sources:
            continue
        sources[source_id] = _source_path(source_id).read_text(encoding="utf-8")
        waiting += [_resolve(source_id, name) for name in _IMPORT.findall(sources[source_id])]
    return dict(sorted(sources.items()))


def standard_input() -> dict[str, Any]:
    """Return the compiler's input for the sources as they are now."""
    return input_of(collect_sources())


def input_of(sources: dict[str, str]) -> dict[str, Any]:
    """Return the compiler's input for these sources, with the project's settings."""
    return {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {**SETTINGS, "outputSelection": {"*": {"*": OUTPUTS}}},
    }


def compiler_path() -> Path:
    """Return the compiler that toolchain/setup_venv.py put in place."""
    folder = Path(os.environ.get("SOLCX_BINARY_PATH") or ROOT / ".solcx")
    path = folder / f"solc-v{SOLC_VERSION}"
    if not path.exists():
        raise CompileError(f"no compiler at {path}: run toolchain/setup_venv.py first")
    return path


def compile_input(compiler_input: dict[str, Any]) -> dict[str, Any]:
    """Run the compiler on a standard-JSON input and return its `contracts`, flat, by name."""
    answer = subprocess.run(
        [str(compiler_path()), "--standard-json"],
        input=json.dumps(compiler_input),
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )
    output = json.loads(answer.stdout)
    errors = [e for e in output.get("errors", []) if e["severity"] == "error"]
    if errors:
        raise CompileError("\n".join(e["formattedMessage"] for e in errors))
    return {
        name: {"sourceName": source, **contract}
        for source, contracts in output["contracts"].items()
        for name, contract in contracts.items()
        if not source.startswith(LIBRARY_TARGET)
    }


def compile_one(compiler_input: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Compile one contract of an input, to the very bytes it has among all; None without it."""
    selection = {"outputSelection": {"*": {name: OUTPUTS}}}
    settings = {**compiler_input["settings"], **selection}
    return compile_input({**compiler_input, "settings": settings}).get(name)


def artifact_of(name: str, contract: dict[str, Any], input_digest: str) -> dict[str, Any]:
    """Return the artifact of one compiled contract."""
    evm = contract["evm"]
    return {
        "contractName": name,
        "sourceName": contract["sourceName"],
        "compiler": json.loads(contract["metadata"])["compiler"]["version"]
        if contract["metadata"]
        else SOLC_VERSION,
        "abi": contract["abi"],
        "bytecode": "0x" + evm["bytecode"]["object"],
        "deployedBytecode": "0x" + evm["deployedBytecode"]["object"],
        "immutableReferences": evm["deployedBytecode"].get("immutableReferences", {}),
        "methodIdentifiers": evm["methodIdentifiers"],
        "storageLayout": contract.get("storageLayout", {}),
        "metadata": contract["metadata"],
        "standardJsonInput": INPUT_NAME,
        "inputDigest": input_digest,
    }


def digest(compiler_input: dict[str, Any]) -> str:
    """Return the fingerprint of a compiler input."""
    return hashlib.sha256(json.dumps(compiler_input, sort_keys=True).encode()).hexdigest()


def export(folder: Path = BUILD_FOLDER) -> bool:
    """Write all artifacts; answer False, having done nothing, when they are already current."""
    compiler_input = standard_input()
    fingerprint = digest(compiler_input)
    names = (*CONTRACTS, *INTERFACES)
    if all(_is_current(folder / f"{name}.json", fingerprint) for name in names):
        return False
    compiled = compile_input(compiler_input)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / INPUT_NAME, compiler_input)
    for name in names:
        _write(folder / f"{name}.json", artifact_of(name, compiled[name], fingerprint))
    return True


def load(name: str, folder: Path = BUILD_FOLDER) -> dict[str, Any]:
    """Return the artifact of contract `name`, which `export` wrote before."""
    artifact: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return artifact


def _is_current(path: Path, fingerprint: str) -> bool:
    if not path.is_file():
        return False
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")).get("inputDigest") == fingerprint)
    except ValueError:
        return False


def _write(path: Path, value: dict[str, Any]) -> None:
    # A reader must never see half a file: other processes may be starting at the same time.
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
