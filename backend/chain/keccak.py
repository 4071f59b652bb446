"""Keccak-256, the hash of Ethereum (not NIST's SHA3-256, which pads differently)."""

from __future__ import annotations

from Crypto.Hash import keccak


def keccak256(data: bytes) -> bytes:
    """The 32-byte digest of `data`."""
    return keccak.new(digest_bits=256, data=data).digest()


def selector(signature: str) -> bytes:
    """The first four bytes of a function's or error's hash, as in `transfer(address,uint256)`."""
    return keccak256(signature.encode())[:4]


def checksummed(address: bytes) -> str:
    """The EIP-55 form of a 20-byte address."""
    lower = address.hex()
    digest = keccak256(lower.encode()).hex()
    cased = (c.upper() if int(d, 16) > 7 else c for c, d in zip(lower, digest, strict=False))
    return "0x" + "".join(cased)
