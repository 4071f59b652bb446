"""What the factory makes of a program's parameters: whether it can be, and where it is put."""

from __future__ import annotations

from typing import Any, Final

from eth_abi.abi import encode

from backend.chain.keccak import keccak256
from backend.chain.program_rules import ProgramRules
from backend.core.calendar import PERIOD_MONTHS, VALIDITY_MAX
from tests.sim.evm import word

_CLONE_HEAD: Final = bytes.fromhex("3d81600a3d39f3363d3d373d3d3d363d73")
_CLONE_TAIL: Final = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")
_CLONE_SIZE: Final = 0x2D


def can_be(rules: ProgramRules) -> bool:
    endless = rules.period_months == 0 and rules.validity_periods == 0
    periodic = rules.period_months in PERIOD_MONTHS and 1 <= rules.validity_periods <= VALIDITY_MAX
    offset_exists = -12 * 60 <= rules.utc_offset_minutes <= 14 * 60
    return (endless or periodic) and rules.notice_days != 0 and offset_exists


def clone_address(
    factory: bytes, logic: bytes, issuer: bytes, salt: bytes, parameters: tuple[Any, ...]
) -> bytes:
    """Where the factory's CREATE2 puts the clone (EIP-1014, EIP-1167)."""
    (name, symbol, decimals, months, validity, offset, signed_only, notice_days,
     cap, mint, debit, terms_hash, terms_uri, contract_uri) = parameters  # fmt: skip
    fixed = b"".join(
        [
            issuer,
            bytes([decimals, months, validity, signed_only]),
            (offset % 2**16).to_bytes(2, "big"),
            notice_days.to_bytes(2, "big"),
            bytes(4),
        ]
    )
    identity = (name, symbol, contract_uri, terms_uri, terms_hash)
    arguments = encode(
        ["bytes32", "uint256", "(string,string,string,string,bytes32)"],
        [fixed, cap << 96 | mint << 48 | debit, identity],
    )
    size = (_CLONE_SIZE + len(arguments)).to_bytes(2, "big")
    code = b"\x61" + size + _CLONE_HEAD + logic + _CLONE_TAIL + arguments
    clone_salt = keccak256(word(issuer) + salt)
    return keccak256(b"\xff" + factory + clone_salt + keccak256(code))[12:]
