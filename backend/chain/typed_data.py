"""What a member signs: EIP-712 typed data of a program, and its digest.

Source: EIP-712; the types are those of IProgramConsent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.chain.abi import address, uint
from backend.chain.keccak import keccak256

_DOMAIN_FIELDS: Final = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_NAME: Final = "Mereau LoyaltyProgram"
_VERSION: Final = "1"
_TYPES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "Redeem": (
        ("member", "address"),
        ("amount", "uint256"),
        ("redemptionId", "bytes32"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ),
    "SetSignedOnly": (
        ("member", "address"),
        ("signedOnly", "bool"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ),
    "Rebind": (
        ("from", "address"),
        ("to", "address"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ),
}

Value = int | bool | bytes


@dataclass(frozen=True, slots=True)
class TypedData:
    """One message of one program; `primary_type` is Redeem, SetSignedOnly or Rebind."""

    chain_id: int
    program: bytes
    primary_type: str
    message: dict[str, Value]

    def document(self) -> dict[str, object]:
        """The JSON that `eth_signTypedData_v4` takes; numbers as text, as wallets want them."""
        return {
            "types": {
                "EIP712Domain": _listed(_DOMAIN_FIELDS),
                self.primary_type: _listed(_TYPES[self.primary_type]),
            },
            "primaryType": self.primary_type,
            "domain": {
                "name": _NAME,
                "version": _VERSION,
                "chainId": self.chain_id,
                "verifyingContract": f"0x{self.program.hex()}",
            },
            "message": {name: _shown(self.message[name]) for name, _ in self._fields},
        }

    def digest(self) -> bytes:
        """The 32 bytes that a key signs, and a passkey's challenge."""
        domain = keccak256(
            _type_hash("EIP712Domain", _DOMAIN_FIELDS)
            + keccak256(_NAME.encode())
            + keccak256(_VERSION.encode())
            + uint(self.chain_id)
            + address(self.program)
        )
        struct = keccak256(
            _type_hash(self.primary_type, self._fields)
            + b"".join(_word(self.message[name]) for name, _ in self._fields)
        )
        return keccak256(b"\x19\x01" + domain + struct)

    @property
    def _fields(self) -> tuple[tuple[str, str], ...]:
        return _TYPES[self.primary_type]


def _type_hash(name: str, members: tuple[tuple[str, str], ...]) -> bytes:
    return keccak256(f"{name}({','.join(f'{of} {field}' for field, of in members)})".encode())


def _word(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value if len(value) == 32 else address(value)
    return uint(value)


def _listed(members: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "type": of} for name, of in members]


def _shown(value: Value) -> object:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return value if isinstance(value, bool) else str(value)
