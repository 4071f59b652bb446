"""Members with a key: their signature burns, once; without it, where they said so, nothing does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.anvil import Anvil
from tests.api_client import accepted, refused
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front
from tests.member_keys import Passkey, Wallet

pytest_plugins = ["tests.integration.settle_fixtures"]

WALLET = Wallet(bytes(31) + b"\x07")
OTHER = Wallet(bytes(31) + b"\x08")


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


def test_a_signed_redemption_burns_once_and_is_in_the_ledger_once(
    front: Front, member: str
) -> None:
    assert front.address(member) == WALLET.address
    consent = WALLET.sign(front.asked(member, points="30"))
    body = front.till.redemption(member, 30, capture=True, consent=consent)
    done = accepted(front.till.post("/redemptions", body, key="signed-1"))
    assert front.till.balance(member) == (70, 0)
    assert front.points(WALLET.address) == 100
    (operation_id,) = done["operation_ids"]
    front.look()
    front.desk.step()
    front.desk.node.mine()
    # The mirror has it before the settler has noted it.
    front.look()
    front.settle()
    front.look()
    assert front.points(WALLET.address) == 70
    read = accepted(front.till.get(f"/operations/{operation_id}"))
    assert (read["status"], read["points"], read["batch"]) == ("included", -30, None)
    assert read["tx_hash"]
    again = front.till.post("/redemptions", body, key="signed-1")
    assert again.json() == done
    refused(front.till.post("/redemptions", body, key="signed-2"), 409, "signature_invalid")
    assert front.till.balance(member) == (70, 0)


def test_what_is_wrong_with_a_signature_is_said_and_nothing_is_written(
    front: Front, member: str
) -> None:
    asked = front.asked(member, points="30")
    too_many = front.asked(member, points="101")
    before = front.till.snapshot()
    for consent, points, code in (
        (OTHER.sign(asked), 30, "signature_invalid"),
        (WALLET.sign(asked), 31, "signature_invalid"),
        (WALLET.sign(asked | {"deadline": 1}), 30, "signature_expired"),
        (WALLET.sign(asked) | {"signature": "0x"}, 30, "signature_invalid"),
        (WALLET.sign(too_many), 101, "insufficient_points"),
    ):
        body = front.till.redemption(member, points, capture=True, consent=consent)
        refused(front.till.post("/redemptions", body), 409, code)
    assert front.till.snapshot() == before


def test_who_answers_to_signatures_only_is_not_redeemed_without_one(
    front: Front, member: str
) -> None:
    asked = front.asked(member, action="set_signed_only", signed_only="true")
    taken = front.till.post(
        f"/members/{member}/signed-only", {"signed_only": True, "consent": WALLET.sign(asked)}
    )
    assert taken.status_code == 202, taken.text
    refused(front.till.get(f"/members/{member}/consent", points="1"), 409, "consent_in_flight")
    front.settle()
    assert front.call_status(taken.json()["call_id"]) == "included"
    before = front.till.snapshot()
    for capture in (True, False):
        body = front.till.redemption(member, 10, capture=capture)
        refused(front.till.post("/redemptions", body), 409, "signature_required")
    refused(
        front.till.post(f"/members/{member}/rebind", {"fresh": True}), 409, "signature_required"
    )
    assert front.till.snapshot() == before
    consent = WALLET.sign(front.asked(member, points="10"))
    front.till.redeem(member, 10, capture=True, consent=consent)
    front.settle()
    assert front.points(WALLET.address) == 90
    assert front.asked(member, points="1")["nonce"] == 2


def test_a_program_made_signed_only_takes_signatures_only(front: Front) -> None:
    front.till.program_id = front.till.open_program(signed_only=True)
    front.settle()
    member_id = front.till.enrol()
    front.till.buy(member_id, 10_000)
    before = front.till.snapshot()
    body = front.till.redemption(member_id, 10, capture=True)
    refused(front.till.post("/redemptions", body), 409, "signature_required")
    assert front.till.snapshot() == before


def test_a_passkey_redeems(front: Front) -> None:
    passkey = Passkey(0xC0FFEE)
    member_id = front.till.enrol()
    front.till.buy(member_id, 10_000)
    front.settle()
    done = front.rebind(member_id, public_key=passkey.public_key)
    assert front.address(member_id) == done["to_address"]
    for left in (75, 50):
        consent = passkey.sign(front.asked(member_id, points="25"))
        front.till.redeem(member_id, 25, capture=True, consent=consent)
        front.settle()
        assert front.points(done["to_address"]) == left
    wrong = Passkey(0xBEEF).sign(front.asked(member_id, points="25"))
    body = front.till.redemption(member_id, 25, capture=True, consent=wrong)
    refused(front.till.post("/redemptions", body), 409, "signature_invalid")
