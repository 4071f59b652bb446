"""The published contracts: what their code on chain must be, byte for byte."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from auditor.rules import Rules

NAMES: Final = ("LoyaltyProgram", "ProgramFactory", "Settlement")
_CLONE_HEAD: Final = bytes.fromhex("363d3d373d3d3d363d73")
_CLONE_TAIL: Final = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")


class ArtifactsMissing(Exception):
    """There are no published artifacts where they were looked for."""


@dataclass(frozen=True, slots=True)
class Published:
    """One contract's code, its immutable values left out, and where those are."""

    name: str
    code: bytes
    immutables: tuple[tuple[int, int], ...]
    input_digest: str

    def matches(self, code: bytes) -> bool:
        """Whether code on chain is this one, whatever its immutable values are."""
        return self._blank(code) == self._blank(self.code)

    def immutable_values(self, code: bytes) -> set[bytes]:
        """The immutable values in code that matches."""
        return {code[start : start + length] for start, length in self.immutables}

    def _blank(self, code: bytes) -> bytes:
        blanked = bytearray(code)
        for start, length in self.immutables:
            if start + length <= len(blanked):
                blanked[start : start + length] = bytes(length)
        return bytes(blanked)


def load(folder: Path) -> dict[str, Published]:
    """The artifacts in `folder`, by name. Raises ArtifactsMissing."""
    found = {}
    for name in NAMES:
        try:
            artifact: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
            places = artifact["immutableReferences"].values()
            found[name] = Published(
                name,
                bytes.fromhex(artifact["deployedBytecode"][2:]),
                tuple((p["start"], p["length"]) for each in places for p in each),
                artifact["inputDigest"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise ArtifactsMissing(
                f"no artifact of {name} in {folder}: scripts/export_artifacts.py makes them"
            ) from None
    return found


def clone_arguments(rules: Rules) -> bytes:
    """What follows the clone's code: two packed words, then the strings."""
    fixed = (
        bytes.fromhex(rules.issuer[2:])
        + bytes(
            [rules.decimals, rules.period_months, rules.validity_periods, int(rules.signed_only)]
        )
        + rules.utc_offset_minutes.to_bytes(2, "big", signed=True)
        + rules.notice_days.to_bytes(2, "big")
        + bytes(4)
    )
    limits = rules.limits
    packed = limits.supply_cap << 96 | limits.mint_per_day << 48 | limits.debit_per_day
    identity = (
        rules.name,
        rules.symbol,
        rules.contract_uri,
        rules.terms_uri,
        rules.terms_hash,
    )
    types = ["uint256", "uint256", "(string,string,string,string,bytes32)"]
    return encode(types, [int.from_bytes(fixed, "big"), packed, identity])


def clone_code(logic: str, arguments: bytes) -> bytes:
    """The whole code of a clone (EIP-1167, arguments behind it)."""
    return _CLONE_HEAD + bytes.fromhex(logic[2:]) + _CLONE_TAIL + arguments


def clone_address(factory: str, rules: Rules, code: bytes) -> str:
    """Where the factory's CREATE2 puts this clone."""
    salt = keccak(encode(["address", "bytes32"], [rules.issuer, rules.salt]))
    init = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3") + code
    made = keccak(b"\xff" + bytes.fromhex(factory[2:]) + salt + keccak(init))
    return "0x" + made[-20:].hex()
