"""The record of a deployment: what was put where, by whom, from which sources.

`<data>/deployments/<chain_id>.json` names addresses, transactions and roles. The folder beside it,
`<data>/deployments/<chain_id>/`, keeps what a third party needs to check them: the compiler's
standard-JSON input, and ABI, metadata and runtime code of each contract.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from scripts import _artifacts as artifacts

FORMAT = 1
DEFAULT_DATA = ".mereau"
# Anvil's and hardhat's: the only chain on which a well-known key may be used.
DEVELOPMENT_CHAIN_ID = 31337


def record_path(data: Path, chain_id: int) -> Path:
    """Return where the record of the deployment on `chain_id` is kept."""
    return data / "deployments" / f"{chain_id}.json"


def evidence_folder(data: Path, chain_id: int) -> Path:
    """Return the folder of compiler input, ABIs and metadata of a deployment."""
    return data / "deployments" / str(chain_id)


def read_record(data: Path, chain_id: int) -> dict[str, Any] | None:
    """Return the record, or None if nothing was deployed from this data folder."""
    path = record_path(data, chain_id)
    if not path.is_file():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def kept_input(data: Path, chain_id: int) -> dict[str, Any]:
    """Return the compiler's input that was kept with the deployment."""
    path = evidence_folder(data, chain_id) / artifacts.INPUT_NAME
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def keep_evidence(data: Path, chain_id: int) -> dict[str, dict[str, str]]:
    """Copy compiler input, ABI and metadata beside the record; return the names per contract."""
    folder = evidence_folder(data, chain_id)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(artifacts.BUILD_FOLDER / artifacts.INPUT_NAME, folder / artifacts.INPUT_NAME)
    return {
        name: _keep_contract(data, chain_id, artifacts.load(name)) for name in artifacts.CONTRACTS
    }


def _keep_contract(data: Path, chain_id: int, artifact: dict[str, Any]) -> dict[str, str]:
    folder, name = evidence_folder(data, chain_id), artifact["contractName"]
    abi_name, metadata_name = f"{name}.abi.json", f"{name}.metadata.json"
    abi_text = json.dumps(artifact["abi"], indent=1) + "\n"
    (folder / abi_name).write_text(abi_text, encoding="utf-8")
    # Byte for byte: its hash is part of the deployed code.
    (folder / metadata_name).write_text(artifact["metadata"], encoding="utf-8")
    # What the sources compile to, so that whoever serves them can compare without a compiler.
    runtime = {key: artifact[key] for key in ("deployedBytecode", "immutableReferences")}
    (folder / f"{name}.runtime.json").write_text(json.dumps(runtime) + "\n", encoding="utf-8")
    return {"abi": f"{chain_id}/{abi_name}", "metadata": f"{chain_id}/{metadata_name}"}


def write_record(
    data: Path,
    *,
    chain_id: int,
    roles: dict[str, Any],
    contracts: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Write the record of a finished deployment, last of all, and return it.

    `roles` holds deployer, admin, guardian and operators; `contracts` holds, per name, address,
    tx_hash, block_number, gas_used and constructor arguments.
    """
    references = keep_evidence(data, chain_id)
    compiler = artifacts.load(artifacts.CONTRACTS[0])
    record = {
        "format": FORMAT,
        "chain_id": chain_id,
        **roles,
        "contracts": {name: {**part, **references[name]} for name, part in contracts.items()},
        "compiler": {
            "version": compiler["compiler"],
            "settings": artifacts.SETTINGS,
            "standard_input": f"{chain_id}/{artifacts.INPUT_NAME}",
            "input_digest": compiler["inputDigest"],
        },
    }
    _write(data, record)
    return record


def add_to_record(
    data: Path, record: dict[str, Any], artifact: dict[str, Any], part: dict[str, Any]
) -> dict[str, Any]:
    """Write the record with one contract more, made from the kept input, and return it."""
    references = _keep_contract(data, record["chain_id"], artifact)
    named = {**record["contracts"], artifact["contractName"]: {**part, **references}}
    longer = {**record, "contracts": named}
    _write(data, longer)
    return longer


def _write(data: Path, record: dict[str, Any]) -> None:
    path = record_path(data, record["chain_id"])
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
