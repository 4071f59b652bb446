"""Keys of members who talk to the API: a wallet and a passkey that sign what `consent` answers."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_account import Account


@dataclass
class Wallet:
    """An ordinary account."""

    secret: bytes

    @property
    def address(self) -> str:
        return str(Account.from_key(self.secret).address).lower()

    def sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The `consent` of a request, signed as a wallet signs what it is shown."""
        signed = Account.sign_typed_data(self.secret, full_message=asked["typed_data"])
        return _consent(asked) | {"signature": f"0x{bytes(signed.signature).hex()}"}


@dataclass
class Passkey:
    """A WebAuthn credential, as a browser and its authenticator would answer."""

    number: int

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.number, ec.SECP256R1())

    @property
    def public_key(self) -> dict[str, str]:
        point = self.key.public_key().public_numbers()
        return {"x": f"0x{point.x:064x}", "y": f"0x{point.y:064x}"}

    def sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The `consent` of a request; its S is high or low as it comes."""
        digest = bytes.fromhex(asked["digest"][2:])
        client_data = json.dumps(
            {
                "type": "webauthn.get",
                "challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "origin": "https://example.com",
            },
            separators=(",", ":"),
        )
        data = hashlib.sha256(b"example.com").digest() + bytes([5]) + bytes(4)
        signed = data + hashlib.sha256(client_data.encode()).digest()
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        passkey = self.public_key | {
            "r": f"0x{r:064x}",
            "s": f"0x{s:064x}",
            "authenticator_data": f"0x{data.hex()}",
            "client_data_json": client_data,
        }
        return _consent(asked) | {"passkey": passkey}


def _consent(asked: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"deadline": asked["deadline"]}
    if asked["redemption_ref"]:
        said["redemption_ref"] = asked["redemption_ref"]
    return said
