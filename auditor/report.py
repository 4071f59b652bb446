"""The report: one JSON document, signed with Ed25519 (RFC 8032) over its canonical form.

Canonical is RFC 8785 for what a report holds (integers below 2^53, strings, lists, objects): keys
sorted, no white space, UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT: Final = "mereau/audit/1"
_KEY_BYTES: Final = 32


class BrokenKey(Exception):
    """That is no signing key."""


class BrokenReport(Exception):
    """The report is not what was signed; the message says in which way."""


def signing_key(given: str | None, path: Path) -> Ed25519PrivateKey:
    """The key given as base64 of 32 bytes, else the one in the file, made there once.

    Raises BrokenKey.
    """
    if given is not None:
        try:
            seed = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            seed = b""
    else:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        seed = path.read_bytes()
    if len(seed) != _KEY_BYTES:
        raise BrokenKey("an audit key is 32 bytes, in base64 where it is a setting")
    return Ed25519PrivateKey.from_private_bytes(seed)


def signed(report: dict[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The document to publish: the report and its signature."""
    return {
        "report": report,
        "signature": {
            "algorithm": "Ed25519",
            "public_key": key.public_key().public_bytes_raw().hex(),
            "signature": key.sign(canonical(report)).hex(),
        },
    }


def verify(document: Any, public_key: str | None = None) -> str:
    """The public key, hex, that signed this document; `public_key` is the one it must be.

    Raises BrokenReport.
    """
    try:
        report, signature = document["report"], document["signature"]
        signer = bytes.fromhex(signature["public_key"])
        if report["format"] != FORMAT or signature["algorithm"] != "Ed25519":
            raise BrokenReport("this is no audit report of a kind known here")
        Ed25519PublicKey.from_public_bytes(signer).verify(
            bytes.fromhex(signature["signature"]), canonical(report)
        )
    except (KeyError, TypeError, ValueError):
        raise BrokenReport("this is no signed audit report") from None
    except InvalidSignature:
        raise BrokenReport("the report was changed after it was signed") from None
    if public_key is not None and public_key.lower() != signer.hex():
        raise BrokenReport(f"the report is signed by {signer.hex()}, not by the key asked for")
    return signer.hex()


def canonical(report: dict[str, Any]) -> bytes:
    """The bytes that are signed."""
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return FORMAT.encode() + b"\n" + text.encode()
