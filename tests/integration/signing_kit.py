"""A member with a wallet of their own at the front door, who may also speak to the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backend.chain.program_calls import (
    SignedRedemption,
    encode_redeem_batch,
    encode_set_signed_only,
)
from backend.chain.quantities import read_bytes, write_bytes
from tests.anvil import Anvil, lane_signers
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front
from tests.member_keys import Wallet

WALLET = Wallet(bytes(31) + b"\x07")


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        yield opened


@pytest.fixture
def member(front: Front) -> str:
    """A member with 100 points who took their own wallet."""
    member_id = front.till.enrol()
    front.till.buy(member_id, 10_000)
    front.settle()
    front.rebind(member_id, address=WALLET.address)
    return member_id


def directly(front: Front, asked: dict[str, Any]) -> None:
    """The wallet's change of `signedOnly`, sent to the contract past us; mined."""
    data = encode_set_signed_only(
        read_bytes(WALLET.address, 20),
        signed_only=asked["typed_data"]["message"]["signedOnly"],
        deadline_s=asked["deadline"],
        signature=read_bytes(WALLET.sign(asked)["signature"]),
    )
    by_stranger(front, data)
    front.desk.node.mine()


def relayed(front: Front, *signed: dict[str, Any]) -> None:
    """Redemptions that the wallet was asked for, sent by somebody else; not mined."""
    by_stranger(front, redemptions_of(WALLET, *signed))


def redemptions_of(wallet: Wallet, *signed: dict[str, Any]) -> bytes:
    """The call of a program that redeems what the wallet was asked for."""
    return encode_redeem_batch(
        [
            SignedRedemption(
                member=read_bytes(wallet.address, 20),
                points=int(asked["typed_data"]["message"]["amount"]),
                redemption_id=read_bytes(asked["redemption_ref"], 32),
                deadline_s=asked["deadline"],
                signature=read_bytes(wallet.sign(asked)["signature"]),
            )
            for asked in signed
        ]
    )


def by_stranger(front: Front, data: bytes) -> None:
    """A call of the program by an account that is nobody's; not mined."""
    send_as_stranger(front.desk.node, front.desk.shop.contract(front.till.program_id), data)


def send_as_stranger(node: Anvil, contract: bytes, data: bytes) -> None:
    sender = write_bytes(lane_signers(2)[1].address)
    node.rpc("anvil_setBalance", sender, hex(10**20))
    node.rpc("anvil_impersonateAccount", sender)
    fees = {"maxFeePerGas": hex(10**12), "maxPriorityFeePerGas": hex(10**11)}
    sent = {"from": sender, "to": write_bytes(contract), "data": write_bytes(data), **fees}
    node.rpc("eth_sendTransaction", sent)
