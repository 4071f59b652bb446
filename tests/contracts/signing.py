"""Keys of members in tests: ordinary accounts and passkeys, signing a program's typed data."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import ape
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_utils import keccak, to_checksum_address

from scripts import _artifacts as artifacts

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FAR = 2**40

TYPES = {
    "Redeem": [
        ("member", "address"),
        ("amount", "uint256"),
        ("redemptionId", "bytes32"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ],
    "SetSignedOnly": [
        ("member", "address"),
        ("signedOnly", "bool"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ],
    "Rebind": [
        ("from", "address"),
        ("to", "address"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ],
}


def typed_data(program: Any, kind: str, **message: Any) -> Any:
    """The signable message, in the domain that the program itself declares (ERC-5267)."""
    domain = program.eip712Domain()
    return encode_typed_data(
        domain_data={
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chainId,
            "verifyingContract": domain.verifyingContract,
        },
        message_types={kind: [{"name": name, "type": of} for name, of in TYPES[kind]]},
        message_data={"deadline": FAR, **message},
    )


def digest_of(program: Any, kind: str, **message: Any) -> bytes:
    """The 32 bytes that a key signs."""
    return bytes(_hash_eip191_message(typed_data(program, kind, **message)))


@dataclass
class Wallet:
    """An ordinary account."""

    secret: bytes

    @property
    def address(self) -> str:
        return str(Account.from_key(self.secret).address)

    def sign(self, program: Any, kind: str, **message: Any) -> bytes:
        return bytes(
            Account.from_key(self.secret)
            .sign_message(typed_data(program, kind, **message))
            .signature
        )


@dataclass
class Passkey:
    """A WebAuthn credential, as a browser and its authenticator would answer."""

    flags: int = 0x05
    kind: str = "webauthn.get"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
    )

    @property
    def point(self) -> tuple[bytes, bytes]:
        numbers = self.key.public_key().public_numbers()
        return numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")

    @property
    def address(self) -> str:
        x, y = self.point
        return str(to_checksum_address(keccak(b"mereau/passkey/1" + x + y)[12:]))

    def assertion(self, digest: bytes, *, high_s: bool = False) -> tuple[Any, ...]:
        """The `Passkey` struct over `digest`."""
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        client_data = json.dumps(
            {"type": self.kind, "challenge": challenge, "origin": "https://example.com"},
            separators=(",", ":"),
        )
        data = hashlib.sha256(b"example.com").digest() + bytes([self.flags]) + bytes(4)
        signed = data + hashlib.sha256(client_data.encode()).digest()
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        if (s > P256_ORDER // 2) != high_s:
            s = P256_ORDER - s
        return (
            *self.point,
            r.to_bytes(32, "big"),
            s.to_bytes(32, "big"),
            data,
            client_data,
            client_data.index('"type"'),
            client_data.index('"challenge"'),
        )


def install(address: str, name: str, source: str) -> None:
    """Compile a contract made for a test and put its code at `address`."""
    path = f"tests/contracts/{name}.sol"
    sources = {path: source}
    for imported in ("utils/cryptography/P256.sol", "interfaces/IERC1271.sol"):
        if imported in source:
            wanted = f"{artifacts.LIBRARY_TARGET}/contracts/{imported}"
            sources |= artifacts.collect_sources([wanted])
    compiled = artifacts.compile_input(artifacts.input_of(sources))
    code = compiled[name]["evm"]["deployedBytecode"]["object"]
    ape.chain.provider.make_request("anvil_setCode", [address, "0x" + code])


P256_PRECOMPILE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
contract P256Precompile {
    fallback(bytes calldata input) external returns (bytes memory) {
        (bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) =
            abi.decode(input, (bytes32, bytes32, bytes32, bytes32, bytes32));
        return P256.verifySolidity(h, r, s, x, y) ? abi.encode(1) : new bytes(0);
    }
}
"""

ERC1271_WALLET = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
contract Erc1271Wallet {
    function isValidSignature(bytes32 digest, bytes calldata signature)
        external pure returns (bytes4)
    {
        return keccak256(signature) == keccak256(abi.encode("yes", digest))
            ? bytes4(0x1626ba7e) : bytes4(0);
    }
}
"""
