"""What was kept of the deployed contracts: sources, metadata, ABI, and the code they compile to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from backend.chain.contracts import DeploymentError, deployment_path
from backend.chain.quantities import read_bytes

_CLONE_HEAD: Final = bytes.fromhex("363d3d373d3d3d363d73")
_CLONE_TAIL: Final = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")


@dataclass(frozen=True)
class KeptContract:
    """One contract of a deployment, with the files beside the record."""

    name: str
    address: bytes
    tx_hash: str
    block_number: int
    folder: Path
    input_name: str

    @cached_property
    def metadata(self) -> dict[str, Any]:
        return self._read(f"{self.name}.metadata.json")

    @cached_property
    def abi(self) -> list[Any]:
        read: list[Any] = json.loads((self.folder / f"{self.name}.abi.json").read_text("utf-8"))
        return read

    @cached_property
    def standard_input(self) -> dict[str, Any]:
        return self._read(self.input_name)

    def runs(self, code: bytes) -> bool:
        """Whether `code` is what the kept sources compile to, immutables aside."""
        try:
            kept = self._read(f"{self.name}.runtime.json")
        except FileNotFoundError:
            return False
        expected = bytearray(read_bytes(kept["deployedBytecode"]))
        given = bytearray(code)
        if len(given) != len(expected):
            return False
        for places in kept["immutableReferences"].values():
            for place in places:
                until = place["start"] + place["length"]
                given[place["start"] : until] = expected[place["start"] : until]
        return given == expected

    def sources(self) -> dict[str, dict[str, str]]:
        """Name → {"content"} of every file that this contract was compiled from."""
        kept = self.standard_input["sources"]
        return {name: {"content": kept[name]["content"]} for name in self.metadata["sources"]}

    def _read(self, name: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / name).read_text("utf-8"))
        return read


def kept_contracts(data: Path, chain_id: int) -> list[KeptContract]:
    """The contracts of the record on `chain_id`, none without one; raises DeploymentError."""
    path = deployment_path(data, chain_id)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return [
            KeptContract(
                name=name,
                address=read_bytes(part["address"], 20),
                tx_hash=part["tx_hash"],
                block_number=part["block_number"],
                folder=path.with_suffix(""),
                input_name=Path(record["compiler"]["standard_input"]).name,
            )
            for name, part in record["contracts"].items()
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeploymentError(f"{path} is broken: {error}") from error


def clone_logic(code: bytes) -> bytes | None:
    """The contract whose logic an EIP-1167 clone runs, also one with arguments behind it."""
    head, tail = len(_CLONE_HEAD), len(_CLONE_HEAD) + 20
    whole = tail + len(_CLONE_TAIL)
    if code[:head] == _CLONE_HEAD and code[tail:whole] == _CLONE_TAIL:
        return code[head:tail]
    return None
