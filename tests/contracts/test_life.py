"""Limits, terms, pause and closing: what may change, and how early it must be said."""

from __future__ import annotations

from typing import Any

import ape
from contract_model import (
    ACCRUE,
    ADJUST_CREDIT,
    MINTS,
    PARAMETERS,
    REDEEM,
    RESTORE,
    RETURN,
    ROOT,
    assert_refused,
    member_address,
    pack,
)
from test_consent import signed_redeem

from signing import Wallet

ANNA = member_address(1)
WALLET = Wallet(b"\x0c" * 32)
DAY = 86_400
NOTICE = PARAMETERS["noticeDays"] * DAY
TERMS = b"\x44" * 32


def now() -> int:
    return int(ape.chain.provider.web3.eth.get_block("latest")["timestamp"])


def apply(program: Any, operator: Any, *words: int) -> Any:
    return program.applyBatch(program.nextSeq(), ROOT, list(words), sender=operator)


def refuses(program: Any, operator: Any, error: str, inputs: dict[str, Any], *words: int) -> None:
    assert_refused(
        getattr(program, error),
        inputs,
        program.applyBatch,
        *(program.nextSeq(), ROOT, list(words)),
        sender=operator,
    )


def next_day(program: Any) -> None:
    ape.chain.mine(timestamp=program.budgetsLeft().renewsAt)


def test_the_cap_holds(new_direct: Any, operator: Any) -> None:
    program = new_direct(b"\x01" * 32, supplyCap=100)
    apply(program, operator, pack(ANNA, ACCRUE, 90))
    over = {"cap": 100, "supply": 101}
    refuses(program, operator, "SupplyCapExceeded", over, pack(ANNA, ACCRUE, 11))
    apply(program, operator, pack(ANNA, ACCRUE, 11), pack(ANNA, REDEEM, 1))
    assert program.totalSupply() == 100
    program.setLimits((50, 2**48 - 1, 2**48 - 1), sender=operator)
    apply(program, operator, pack(ANNA, REDEEM, 1))
    over = {"cap": 50, "supply": 99}
    refuses(program, operator, "SupplyCapExceeded", over, pack(ANNA, ACCRUE, 1), pack(ANNA, 3, 1))


def test_mint_budgets_are_per_day(new_direct: Any, operator: Any) -> None:
    program = new_direct(b"\x02" * 32, mintPerDay=100)
    next_day(program)
    apply(program, operator, pack(ANNA, ACCRUE, 60), pack(ANNA, RESTORE, 10))
    assert program.budgetsLeft().mintLeft == 30
    over = {"available": 30, "needed": 31}
    refuses(program, operator, "MintBudgetExceeded", over, pack(ANNA, ACCRUE, 31))
    apply(program, operator, pack(ANNA, ADJUST_CREDIT, 30, reason=1))
    renews = program.budgetsLeft().renewsAt
    assert (renews + 60 * PARAMETERS["utcOffsetMinutes"]) % DAY == 0
    ape.chain.mine(timestamp=renews - 1)
    assert program.budgetsLeft().mintLeft == 0
    ape.chain.mine(timestamp=renews)
    assert program.budgetsLeft().mintLeft == 100
    apply(program, operator, pack(ANNA, ACCRUE, 100))


def test_debit_budgets_are_per_day(new_direct: Any, operator: Any) -> None:
    program = new_direct(b"\x03" * 32, debitPerDay=100)
    next_day(program)
    apply(program, operator, pack(ANNA, ACCRUE, 1_000), pack(WALLET.address, ACCRUE, 500))
    apply(program, operator, pack(ANNA, REDEEM, 60), pack(ANNA, RETURN, 40))
    assert program.budgetsLeft().debitLeft == 0
    over = {"available": 0, "needed": 1}
    refuses(program, operator, "DebitBudgetExceeded", over, pack(ANNA, REDEEM, 1))
    program.redeem(*signed_redeem(program, WALLET, 500), sender=operator)
    next_day(program)
    apply(program, operator, pack(ANNA, REDEEM, 100))


def test_limits_fall_at_once_and_rise_after_notice(new_direct: Any, operator: Any) -> None:
    program = new_direct(b"\x04" * 32, supplyCap=100, mintPerDay=100, debitPerDay=100)
    receipt = program.setLimits((90, 200, 100), sender=operator)
    assert tuple(program.limits()) == (90, 100, 100)
    (changed,) = receipt.decode_logs(program.LimitsChanged)
    assert (changed.supplyCap, changed.mintPerDay, changed.debitPerDay) == (90, 100, 100)
    (announced,) = receipt.decode_logs(program.LimitsAnnounced)
    due = receipt.timestamp + NOTICE
    assert (announced.mintPerDay, announced.effectiveAt) == (200, due)
    wanted = program.announcedLimits()
    assert (tuple(wanted.wanted), wanted.effectiveAt) == ((90, 200, 100), due)
    ape.chain.mine(timestamp=due - 1)
    assert tuple(program.limits()) == (90, 100, 100)
    ape.chain.mine(timestamp=due)
    assert tuple(program.limits()) == (90, 200, 100)
    assert program.announcedLimits().effectiveAt == 0
    apply(program, operator, pack(ANNA, ACCRUE, 90))

    program.setLimits((90, 300, 50), sender=operator)
    receipt = program.setLimits((80, 100, 40), sender=operator)
    assert not receipt.decode_logs(program.LimitsAnnounced)
    ape.chain.mine(timestamp=now() + 2 * NOTICE)
    assert tuple(program.limits()) == (80, 100, 40), "a raise that was taken back never comes"


def test_a_limit_below_what_was_used(new_direct: Any, operator: Any) -> None:
    program = new_direct(b"\x05" * 32)
    next_day(program)
    apply(program, operator, pack(ANNA, ACCRUE, 100), pack(ANNA, REDEEM, 50))
    program.setLimits((2**64 - 1, 10, 10), sender=operator)
    assert tuple(program.budgetsLeft())[:2] == (0, 0)
    over = {"available": 0, "needed": 1}
    refuses(program, operator, "MintBudgetExceeded", over, pack(ANNA, ACCRUE, 1))
    refuses(program, operator, "DebitBudgetExceeded", over, pack(ANNA, REDEEM, 1))


def test_terms_change_after_notice(direct: Any, operator: Any) -> None:
    first = tuple(direct.terms())
    due = now() + NOTICE + 100
    assert_refused(direct.EmptyTerms, {}, direct.announceTerms, bytes(32), "", due, sender=operator)
    receipt = direct.announceTerms(TERMS, "new", due, sender=operator)
    (log,) = receipt.decode_logs(direct.TermsAnnounced)
    assert (bytes(log.termsHash), log.uri, log.effectiveAt) == (TERMS, "new", due)
    assert tuple(direct.terms()) == first
    assert tuple(direct.announcedTerms()) == (TERMS, "new", due)
    ape.chain.mine(timestamp=due - 1)
    assert tuple(direct.terms()) == first
    ape.chain.mine(timestamp=due)
    assert tuple(direct.terms()) == (TERMS, "new")
    assert direct.announcedTerms().effectiveAt == 0

    later = due + NOTICE + 100
    direct.announceTerms(b"\x45" * 32, "newer", later, sender=operator)
    assert tuple(direct.terms()) == (TERMS, "new"), "the ones before hold until then"
    direct.announceTerms(b"\x46" * 32, "newest", later + 1, sender=operator)
    ape.chain.mine(timestamp=later)
    assert tuple(direct.terms()) == (TERMS, "new"), "an announcement was replaced"
    ape.chain.mine(timestamp=later + 1)
    assert tuple(direct.terms()) == (b"\x46" * 32, "newest")


def test_closing_keeps_a_window(direct: Any, operator: Any) -> None:
    apply(direct, operator, pack(ANNA, ACCRUE, 100), pack(WALLET.address, ACCRUE, 100))
    until = now() + NOTICE + 1_000
    receipt = direct.announceClosing(until, sender=operator)
    assert [log.redemptionUntil for log in receipt.decode_logs(direct.ClosingAnnounced)] == [until]
    assert direct.redemptionUntil() == until
    closing = {"redemptionUntil": until}
    again = (direct.announceClosing, until + 1)
    assert_refused(direct.AlreadyClosing, closing, *again, sender=operator)
    for kind in MINTS:
        word = pack(ANNA, kind, 1, reason=1)
        refuses(direct, operator, "ProgramClosing", {"index": 0}, word)
    apply(direct, operator, pack(ANNA, REDEEM, 1))
    ape.chain.mine(timestamp=until - 2)
    arguments = signed_redeem(direct, WALLET, 10)
    direct.redeem(*arguments, sender=operator)
    arguments = signed_redeem(direct, WALLET, 10)
    ape.chain.mine(timestamp=until + 1)
    assert_refused(direct.ProgramClosed, closing, direct.redeem, *arguments, sender=operator)
    refuses(direct, operator, "ProgramClosed", closing, pack(ANNA, REDEEM, 1))
    moved = (direct.nextSeq(), ROOT, ANNA, member_address(2), 0, b"")
    assert_refused(direct.ProgramClosed, closing, direct.rebind, *moved, sender=operator)
    assert direct.balanceOf(ANNA) == 99, "closing takes no point away"
    direct.expire([ANNA], sender=operator)


def test_notice_is_held_to_the_second(direct: Any, operator: Any) -> None:
    for method, before in ((direct.announceTerms, (TERMS, "x")), (direct.announceClosing, ())):
        earliest = now() + NOTICE
        short = {"earliest": earliest, "given": earliest - 1}
        call = (method, *before, earliest - 1)
        assert_refused(direct.NoticeTooShort, short, *call, sender=operator)
        moment = now() + 10
        ape.chain.provider.make_request("evm_setNextBlockTimestamp", [moment])
        method(*before, moment + NOTICE, sender=operator)


def test_only_the_issuer_changes_a_program(direct: Any, operator: Any, stranger: Any) -> None:
    far = now() + 10 * NOTICE
    for call in (
        (direct.setLimits, (1, 1, 1)),
        (direct.announceTerms, TERMS, "x", far),
        (direct.announceClosing, far),
    ):
        assert_refused(direct.NotIssuer, {}, *call, sender=stranger)


def test_the_admin_speaks_through_settlement(
    settlement: Any, program: Any, admin: Any, operator: Any, guardian: Any, stranger: Any
) -> None:
    far = now() + 10 * NOTICE
    calls = (
        (settlement.setLimits, program, (1, 2, 3)),
        (settlement.announceTerms, program, TERMS, "x", far),
        (settlement.announceClosing, program, far),
    )
    for call in calls:
        for account in (operator, guardian, stranger):
            assert_refused(settlement.NotAdmin, {}, *call, sender=account)
        method, *arguments = call
        method(*arguments, sender=admin)
    assert tuple(program.limits()) == (1, 2, 3)
    assert program.redemptionUntil() == far


def test_operators_rebind_through_settlement(
    settlement: Any, program: Any, admin: Any, operator: Any
) -> None:
    settlement.settle([(program.address, 1, ROOT, [pack(ANNA, ACCRUE, 5)])], sender=operator)
    arguments = (program, 2, ROOT, ANNA, member_address(2), 0, b"")
    assert_refused(settlement.NotOperator, {}, settlement.rebind, *arguments, sender=admin)
    settlement.rebind(*arguments, sender=operator)
    assert program.balanceOf(member_address(2)) == 5
