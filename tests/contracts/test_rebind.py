"""Moving a member to a new address: a lost card, a first key."""

from __future__ import annotations

from typing import Any

from contract_model import ROOT, ZERO_ADDRESS, assert_refused, member_address
from test_consent import ANNA, BEA, CARD, FRESH, mint

from signing import (
    FAR,
)


def test_rebinding_keeps_the_points(direct: Any, operator: Any, stranger: Any) -> None:
    mint(direct, operator, CARD)
    arguments = (2, ROOT, CARD, FRESH, 0, b"")
    assert_refused(direct.NotIssuer, {}, direct.rebind, *arguments, sender=stranger)
    receipt = direct.rebind(*arguments, sender=operator)
    assert (direct.balanceOf(CARD), direct.balanceOf(FRESH)) == (0, 100)
    assert direct.memberWord(CARD) != 0
    (log,) = receipt.decode_logs(direct.Rebound)
    assert (log["from"].lower(), log.to.lower(), log.amount) == (CARD, FRESH, 100)
    burn, minted = receipt.decode_logs(direct.Transfer)
    assert (burn["to"], minted["from"]) == (ZERO_ADDRESS, ZERO_ADDRESS)
    (applied,) = receipt.decode_logs(direct.BatchApplied)
    assert (applied.seq, applied.wordCount, applied.minted, applied.burned) == (2, 1, 100, 100)
    assert direct.totalSupply() == 100
    for target in (CARD, FRESH, ZERO_ADDRESS):
        again = (3, ROOT, FRESH, target, 0, b"")
        assert_refused(direct.BadTarget, {"to": target}, direct.rebind, *again, sender=operator)
    out_of_turn = (2, ROOT, FRESH, member_address(9), 0, b"")
    expected = {"expected": 3, "given": 2}
    assert_refused(direct.BadSequence, expected, direct.rebind, *out_of_turn, sender=operator)


def test_rebinding_counts_as_a_debit(new_direct: Any, operator: Any) -> None:
    program = new_direct(b"\x04" * 32, debitPerDay=99)
    mint(program, operator, CARD)
    assert_refused(
        program.DebitBudgetExceeded,
        {"available": 99, "needed": 100},
        program.rebind,
        *(2, ROOT, CARD, FRESH, 0, b""),
        sender=operator,
    )


def test_rebinding_a_signed_only_member_takes_a_signature(
    direct: Any, operator: Any, stranger: Any
) -> None:
    mint(direct, operator, ANNA.address)
    signature = ANNA.sign(direct, "SetSignedOnly", member=ANNA.address, signedOnly=True, nonce=0)
    direct.setSignedOnlyWithSignature(ANNA.address, True, FAR, signature, sender=stranger)
    move = {"from": ANNA.address, "to": FRESH, "nonce": 1}
    silent = (2, ROOT, ANNA.address, FRESH, FAR, b"")
    required = {"index": 0, "member": ANNA.address}
    assert_refused(direct.SignatureRequired, required, direct.rebind, *silent, sender=operator)
    elsewhere = ANNA.sign(direct, "Rebind", **{**move, "to": CARD})
    bad = {"member": ANNA.address}
    for wrong in (elsewhere, BEA.sign(direct, "Rebind", **move)):
        arguments = (2, ROOT, ANNA.address, FRESH, FAR, wrong)
        assert_refused(direct.BadSignature, bad, direct.rebind, *arguments, sender=operator)
    right = ANNA.sign(direct, "Rebind", **move)
    direct.rebind(2, ROOT, ANNA.address, FRESH, FAR, right, sender=operator)
    assert direct.balanceOf(FRESH) == 100
    assert direct.isSignedOnly(FRESH), "the right moves with the points"
    assert (direct.nonces(ANNA.address), direct.nonces(FRESH)) == (2, 0)
