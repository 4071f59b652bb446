"""Members with a key: their signature burns, once; without it, where they said so, nothing does."""

from __future__ import annotations

from typing import NoReturn

import pytest

from backend.core.errors import ChainSilent
from backend.services.chain_gate import ChainGate
from tests.api_client import accepted, refused
from tests.integration.front_kit import Front
from tests.integration.signing_kit import WALLET, directly
from tests.ledger_audit import audit
from tests.member_keys import Passkey, Wallet

pytest_plugins = ["tests.integration.settle_fixtures", "tests.integration.signing_kit"]

OTHER = Wallet(bytes(31) + b"\x08")


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


def signed_only(front: Front, member: str, *, wanted: bool = True) -> str:
    """Asks for it with the wallet's signature; the call's id."""
    asked = front.asked(member, action="set_signed_only", signed_only=str(wanted).lower())
    body = {"signed_only": wanted, "consent": WALLET.sign(asked)}
    answer = front.till.post(f"/members/{member}/signed-only", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["call_id"])


def unavailable(*_: object) -> NoReturn:
    raise ChainSilent("nobody answers")


def test_the_mirror_says_who_signs_though_the_chain_is_silent(
    front: Front, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    front.look()
    held = front.till.redeem(member, 5)["id"]
    signed_only(front, member)
    for seen in ("asked", "on chain", "in the mirror"):
        if seen == "on chain":
            front.settle()
        elif seen == "in the mirror":
            front.look()
            monkeypatch.setattr(ChainGate, "ask", unavailable)
        before = front.till.snapshot()
        body = front.till.redemption(member, 10, capture=True)
        refused(front.till.post("/redemptions", body), 409, "signature_required")
        refused(front.till.post(f"/redemptions/{held}/capture"), 409, "signature_required")
        assert front.till.snapshot() == before, seen
    accepted(front.till.post(f"/redemptions/{held}/cancel"))
    assert front.till.balance(member) == (100, 0)


def test_who_told_the_contract_without_us_is_known_from_the_mirror(
    front: Front, member: str
) -> None:
    directly(front, front.asked(member, action="set_signed_only", signed_only="true"))
    front.look()
    body = front.till.redemption(member, 10, capture=True)
    refused(front.till.post("/redemptions", body), 409, "signature_required")


def test_who_ends_it_is_redeemed_without_a_signature_when_the_mirror_shows_it(
    front: Front, member: str
) -> None:
    for wanted in (True, False):
        signed_only(front, member, wanted=wanted)
        body = front.till.redemption(member, 10, capture=True)
        if not wanted:
            refused(front.till.post("/redemptions", body), 409, "signature_required")
        front.settle()
        front.look()
    front.till.redeem(member, 10, capture=True)
    front.settle()
    front.look()
    assert front.points(WALLET.address) == 90


def test_what_was_accepted_without_a_signature_is_burned_before_signing_begins(
    front: Front, member: str
) -> None:
    bought = front.till.buy(member, 1_000)["id"]
    front.till.redeem(member, 10, capture=True)
    accepted(front.till.post(f"/purchases/{bought}/returns", {}))
    call_id = signed_only(front, member)
    front.settle()
    front.look()
    assert front.call_status(call_id) in {"included", "final"}
    assert front.points(WALLET.address) == 90


def test_a_return_takes_nothing_from_who_signs(front: Front, member: str) -> None:
    bought = front.till.buy(member, 1_000)["id"]
    front.settle()
    signed_only(front, member)
    taken = accepted(front.till.post(f"/purchases/{bought}/returns", {}))
    assert (taken["points"], taken["operation_ids"]) == ({"taken_back": 0, "unrecovered": 10}, [])
    front.settle()
    front.look()
    assert front.till.balance(member) == (110, 0)
    assert front.points(WALLET.address) == 110


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


def test_a_signed_redemption_that_is_refused_for_good_gives_its_points_back(
    front: Front, member: str
) -> None:
    """The member uses the nonce elsewhere before ours is on its way."""
    front.look()
    asked = front.asked(member, points="30")
    elsewhere = front.asked(member, action="set_signed_only", signed_only="false")
    done = front.till.redeem(member, 30, capture=True, consent=WALLET.sign(asked))
    assert front.till.balance(member) == (70, 0)
    directly(front, elsewhere)
    # One refusal may be a node's that lags: it is believed when it stands once it is final.
    assert [len(front.desk.finalize().parked_calls) for _ in range(3)] == [0, 0, 0]
    # Nor before the mirror has shown that nobody else brought it on chain.
    front.look()
    assert len(front.desk.finalize().parked_calls) == 1
    (operation_id,) = done["operation_ids"]
    assert accepted(front.till.get(f"/operations/{operation_id}"))["status"] == "parked"
    assert front.till.balance(member) == (100, 0)
    refusal = refused(
        front.till.post(f"/redemptions/{done['id']}/refund"), 409, "redemption_not_captured"
    )
    assert refusal["state"] == "cancelled"
    page = accepted(front.till.get(f"/members/{member}/history"))["data"]
    assert [(one["kind"], one["points"]) for one in page[:2]] == [
        ("redeem_undone", 30), ("redeem", -30)
    ]  # fmt: skip
    audit(front.till.database.ledger)
    front.settle()
    front.look()
    assert front.points(WALLET.address) == 100
    # With a new signature it goes through.
    consent = WALLET.sign(front.asked(member, points="30"))
    front.till.redeem(member, 30, capture=True, consent=consent)
    front.settle()
    front.look()
    assert front.points(WALLET.address) == 70
    audit(front.till.database.ledger)
