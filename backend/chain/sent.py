"""Reading back a transaction that was sent: what its signed bytes say."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from backend.chain.fees import Fees
from backend.chain.keccak import keccak256


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """A signed type-2 transaction; addresses are 20 bytes, the hash 32."""

    raw: bytes
    hash: bytes
    sender: bytes
    nonce: int
    to: bytes
    data: bytes
    gas_limit: int
    fees: Fees


def read_sent(raw: bytes) -> SentTransaction:
    """What signed bytes say (EIP-1559); ValueError when they are no type-2 call."""
    try:
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        sender = bytes.fromhex(Account.recover_transaction(raw)[2:])
        return SentTransaction(
            raw=raw,
            hash=keccak256(raw),
            sender=sender,
            nonce=int(fields["nonce"]),
            to=bytes(HexBytes(fields["to"])),
            data=bytes(HexBytes(fields["data"])),
            gas_limit=int(fields["gas"]),
            fees=Fees(int(fields["maxFeePerGas"]), int(fields["maxPriorityFeePerGas"])),
        )
    except Exception as error:  # noqa: BLE001 - eth-account, rlp and pydantic share no error
        raise ValueError(f"not a type-2 transaction: {type(error).__name__}") from None
