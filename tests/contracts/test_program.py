"""LoyaltyProgram: what a member sees, and every way a batch is refused."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from contract_model import (
    ACCRUE,
    ADJUST_CREDIT,
    ADJUST_DEBIT,
    BURNS,
    KINDS,
    MAX_AMOUNT,
    MAX_BALANCE,
    MAX_BATCH_WORDS,
    MINTS,
    NAME,
    PERIOD_MARKER,
    REDEEM,
    RESTORE,
    ROOT,
    SYMBOL,
    ZERO_ADDRESS,
    assert_refused,
    member_address,
    pack,
)

ANNA = member_address(1)
BEA = member_address(2)


def apply(direct: Any, operator: Any, *words: int) -> Any:
    """Apply the next batch to a program whose issuer is the operator's own account."""
    return direct.applyBatch(direct.nextSeq(), ROOT, list(words), sender=operator)


def test_identity_is_part_of_the_code(program: Any, settlement: Any) -> None:
    assert program.name() == NAME
    assert program.symbol() == SYMBOL
    assert program.decimals() == 0
    assert program.issuer() == settlement.address
    assert program.version() == 1
    assert program.MAX_BATCH_WORDS() == MAX_BATCH_WORDS


def test_starts_empty(program: Any) -> None:
    assert program.nextSeq() == 1
    assert program.totalSupply() == 0
    assert program.balanceOf(ANNA) == 0
    assert program.memberWord(ANNA) == 0
    assert not program.mintPaused()


def test_nothing_can_be_transferred(program: Any, direct: Any, operator: Any) -> None:
    apply(direct, operator, pack(ANNA, ACCRUE, 10))
    refused = direct.NonTransferable
    assert_refused(refused, {}, direct.transfer, BEA, 1, sender=operator)
    assert_refused(refused, {}, direct.transferFrom, ANNA, BEA, 1, sender=operator)
    assert_refused(refused, {}, direct.approve, BEA, 1, sender=operator)
    assert_refused(refused, {}, direct.permit, ANNA, BEA, 1, 2**64, 27, ROOT, ROOT, sender=operator)
    assert direct.allowance(ANNA, BEA) == 0
    assert direct.balanceOf(ANNA) == 10


@pytest.mark.parametrize("kind", MINTS)
def test_mint_kinds(direct: Any, operator: Any, kind: int) -> None:
    receipt = apply(direct, operator, pack(ANNA, kind, 7, reason=0xFFFF))
    assert direct.balanceOf(ANNA) == direct.totalSupply() == 7
    assert direct.memberWord(ANNA) == PERIOD_MARKER | 7
    (transfer,) = receipt.decode_logs(direct.Transfer)
    assert (transfer["from"], transfer["to"], transfer["value"]) == (
        ZERO_ADDRESS,
        ape.convert(ANNA, ape.types.AddressType),
        7,
    )
    (applied,) = receipt.decode_logs(direct.BatchApplied)
    assert (applied.seq, applied.wordCount, applied.minted, applied.burned) == (1, 1, 7, 0)
    assert bytes(applied.receiptsRoot) == ROOT


@pytest.mark.parametrize("kind", BURNS)
def test_burn_kinds(direct: Any, operator: Any, kind: int) -> None:
    receipt = apply(direct, operator, pack(ANNA, ACCRUE, 7), pack(ANNA, kind, 7, reason=9))
    assert direct.balanceOf(ANNA) == direct.totalSupply() == 0
    assert direct.memberWord(ANNA) == PERIOD_MARKER, "an emptied word must not return to zero"
    burn = receipt.decode_logs(direct.Transfer)[1]
    assert (burn["to"], burn["value"]) == (ZERO_ADDRESS, 7)
    (applied,) = receipt.decode_logs(direct.BatchApplied)
    assert (applied.minted, applied.burned) == (7, 7)


@pytest.mark.parametrize("kind", [REDEEM, ADJUST_DEBIT])
def test_burn_above_balance(direct: Any, operator: Any, kind: int) -> None:
    assert_refused(
        direct.InsufficientBalance,
        {"index": 1, "member": ANNA, "balance": 5, "amount": 6},
        direct.applyBatch,
        direct.nextSeq(),
        ROOT,
        [pack(ANNA, ACCRUE, 5), pack(ANNA, kind, 6, reason=1)],
        sender=operator,
    )
    assert direct.balanceOf(ANNA) == 0, "a batch is applied wholly or not at all"
    assert direct.nextSeq() == 1


def test_sequence_is_strict(direct: Any, operator: Any) -> None:
    word = pack(ANNA, ACCRUE, 1)
    for given in (0, 2, 2**64 - 1):
        assert_refused(
            direct.BadSequence,
            {"expected": 1, "given": given},
            direct.applyBatch,
            given,
            ROOT,
            [word],
            sender=operator,
        )
    direct.applyBatch(1, ROOT, [word], sender=operator)
    assert_refused(
        direct.BadSequence,
        {"expected": 2, "given": 1},
        direct.applyBatch,
        1,
        ROOT,
        [word],
        sender=operator,
    )
    assert direct.balanceOf(ANNA) == 1


def test_batch_size(direct: Any, operator: Any) -> None:
    assert_refused(
        direct.EmptyBatch, {}, direct.applyBatch, direct.nextSeq(), ROOT, [], sender=operator
    )
    word = pack(ANNA, ACCRUE, 1)
    assert_refused(
        direct.BatchTooLarge,
        {"given": 601, "limit": 600},
        direct.applyBatch,
        direct.nextSeq(),
        ROOT,
        [*[word] * 601],
        sender=operator,
    )
    apply(direct, operator, *[word] * 600)
    assert direct.balanceOf(ANNA) == 600


MALFORMED = {
    "unknown kind 0": pack(ANNA, 0, 1),
    "unknown kind 8": pack(ANNA, 8, 1),
    "unknown kind 255": pack(ANNA, 255, 1),
    "zero address": pack(ZERO_ADDRESS, ACCRUE, 1),
    "zero amount": pack(ANNA, ACCRUE, 0),
    "lowest bit of the zero field": pack(ANNA, ACCRUE, 1, zero_field=1),
    "highest bit of the zero field": pack(ANNA, ACCRUE, 1, zero_field=1 << 23),
    "restore beyond the validity": pack(ANNA, RESTORE, 1, age=1),
    "restore of age 5": pack(ANNA, RESTORE, 1, age=5),
    "adjustment without a reason": pack(ANNA, ADJUST_CREDIT, 1),
    "debit without a reason": pack(ANNA, ADJUST_DEBIT, 1),
    "restore of age 255": pack(ANNA, RESTORE, 1, age=255),
    **{
        f"age for kind {kind}": pack(ANNA, kind, 1, age=1, reason=1)
        for kind in KINDS
        if kind != RESTORE
    },
}


@pytest.mark.parametrize("word", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_word(direct: Any, operator: Any, word: int) -> None:
    assert_refused(
        direct.MalformedWord,
        {"index": 1},
        direct.applyBatch,
        direct.nextSeq(),
        ROOT,
        [pack(ANNA, ACCRUE, 5), word],
        sender=operator,
    )


def test_balance_limit(direct: Any, operator: Any) -> None:
    assert_refused(
        direct.BalanceOverflow,
        {"index": 0, "member": ANNA},
        direct.applyBatch,
        direct.nextSeq(),
        ROOT,
        [pack(ANNA, ACCRUE, MAX_AMOUNT)],
        sender=operator,
    )
    apply(direct, operator, pack(ANNA, ACCRUE, MAX_BALANCE))
    assert direct.balanceOf(ANNA) == MAX_BALANCE
    assert_refused(
        direct.BalanceOverflow,
        {"index": 0, "member": ANNA},
        direct.applyBatch,
        direct.nextSeq(),
        ROOT,
        [pack(ANNA, ACCRUE, 1)],
        sender=operator,
    )
    apply(direct, operator, pack(ANNA, REDEEM, MAX_BALANCE))
    assert direct.balanceOf(ANNA) == 0


def test_only_the_issuer(direct: Any, operator: Any, stranger: Any) -> None:
    assert_refused(
        direct.NotIssuer, {}, direct.applyBatch, 1, ROOT, [pack(ANNA, ACCRUE, 1)], sender=stranger
    )
    assert_refused(direct.NotIssuer, {}, direct.setMintPaused, True, sender=stranger)


def test_pause_stops_minting_only(direct: Any, operator: Any) -> None:
    apply(direct, operator, pack(ANNA, ACCRUE, 10))
    receipt = direct.setMintPaused(True, sender=operator)
    assert [log.paused for log in receipt.decode_logs(direct.MintPauseSet)] == [True]
    for kind in MINTS:
        assert_refused(
            direct.MintPaused,
            {"index": 1},
            direct.applyBatch,
            direct.nextSeq(),
            ROOT,
            [pack(ANNA, REDEEM, 1), pack(ANNA, kind, 1, reason=1)],
            sender=operator,
        )
    for kind in BURNS:
        apply(direct, operator, pack(ANNA, kind, 2, reason=1))
    direct.setMintPaused(False, sender=operator)
    apply(direct, operator, pack(ANNA, ACCRUE, 1))
    assert direct.balanceOf(ANNA) == 5


def test_logic_contract_is_not_a_program(project: Any, logic: Any, operator: Any) -> None:
    refused = logic.NotAProgram
    assert_refused(refused, {}, logic.applyBatch, 1, ROOT, [pack(ANNA, ACCRUE, 1)], sender=operator)
    assert_refused(refused, {}, logic.setMintPaused, True, sender=operator)
    assert_refused(
        refused,
        {},
        logic.name,
    )
