"""A member whose wallet is a contract: what it accepts by ERC-1271 burns, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scripts import _artifacts as artifacts
from tests.anvil import Anvil
from tests.api_client import accepted, refused
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front
from tests.member_keys import Wallet

pytest_plugins = ["tests.integration.settle_fixtures"]

ADDRESS = "0x" + "12" * 20
OWNER = Wallet(bytes(31) + b"\x21")
SOMEBODY = Wallet(bytes(31) + b"\x22")

SAFE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
contract Safe {
    address private constant OWNER = address(bytes20(hex"%s"));

    function isValidSignature(bytes32 digest, bytes calldata signature)
        external pure returns (bytes4)
    {
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        bool good = ecrecover(digest, uint8(signature[64]), r, s) == OWNER;
        return good ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}
"""


@pytest.fixture(scope="module")
def code() -> str:
    source = SAFE % OWNER.address[2:]
    compiled = artifacts.compile_input(artifacts.input_of({"tests/Safe.sol": source}))
    return "0x" + str(compiled["Safe"]["evm"]["deployedBytecode"]["object"])


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil, code: str) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        shared_anvil.rpc("anvil_setCode", ADDRESS, code)
        yield opened


def ask(front: Front, member_id: str, signer: Wallet, key: str) -> Any:
    consent = signer.sign(front.asked(member_id, points="30"))
    body = front.till.redemption(member_id, 30, capture=True, consent=consent)
    return front.till.post("/redemptions", body, key=key)


def test_a_contract_wallet_redeems_with_what_it_accepts(front: Front) -> None:
    member_id = front.till.enrol()
    front.till.buy(member_id, 10_000)
    front.settle()
    front.rebind(member_id, address=ADDRESS)
    refused(ask(front, member_id, SOMEBODY, "by somebody"), 409, "signature_invalid")
    assert front.till.balance(member_id) == (100, 0)
    accepted(ask(front, member_id, OWNER, "by the owner"))
    front.settle()
    front.look()
    assert front.points(ADDRESS) == 70
    assert front.till.balance(member_id) == (70, 0)
