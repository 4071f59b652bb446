"""A lane's signing key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from eth_account import Account
from eth_account.signers.local import LocalAccount

from backend.chain.fees import Fees


@dataclass(frozen=True, slots=True)
class UnsignedTransaction:
    """An EIP-1559 call that sends no value."""

    chain_id: int
    nonce: int
    to: bytes
    data: bytes
    gas_limit: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    raw: bytes
    hash: bytes


class LaneSigner:
    """Signs for one operator key. The key is in no repr, no error and no log of ours."""

    __slots__ = ("_account", "address")

    address: bytes

    def __init__(self, private_key: str | bytes) -> None:
        """ValueError, without the key, when it is not a secp256k1 private key."""
        account: LocalAccount | None
        try:
            account = cast("LocalAccount", Account.from_key(private_key))
        except Exception:  # noqa: BLE001 - eth-account's errors quote the key
            account = None
        if account is None:
            raise ValueError("not a private key: 32 bytes of hex are expected")
        self._account = account
        self.address = bytes.fromhex(account.address[2:])

    def __repr__(self) -> str:
        return f"LaneSigner(0x{self.address.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a signer is not to be copied or pickled")

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        """The signed type-2 transaction; the same input always gives the same bytes."""
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": transaction.chain_id,
                "nonce": transaction.nonce,
                "to": transaction.to,
                "value": 0,
                "data": transaction.data,
                "gas": transaction.gas_limit,
                "maxFeePerGas": transaction.fees.max_fee_wei,
                "maxPriorityFeePerGas": transaction.fees.priority_fee_wei,
                "accessList": [],
            }
        )
        return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash))
