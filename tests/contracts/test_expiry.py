"""Ageing, sweeping and the views of ERC-7818, with dates one can check by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ape
import pytest
from contract_model import (
    ACCRUE,
    BONUS,
    REDEEM,
    RESTORE,
    RETURN,
    ROOT,
    ZERO_ADDRESS,
    assert_refused,
    member_address,
    pack,
)

from backend.core.calendar import Calendar
from backend.core.expiry import decode

ANNA = member_address(1)
BEA = member_address(2)
QUARTERS = Calendar(3, 2, 60)


def now() -> int:
    return int(ape.chain.provider.web3.eth.get_block("latest")["timestamp"])


@pytest.fixture
def quarters(new_direct: Any) -> Any:
    """Quarters, two of them valid after the one of earning, at the start of some quarter."""
    program = new_direct(b"\x07" * 32, periodMonths=3, validityPeriods=2, utcOffsetMinutes=60)
    ape.chain.mine(timestamp=QUARTERS.starts_at(QUARTERS.period_at(now()) + 1))
    return program


def apply(program: Any, operator: Any, *words: int) -> Any:
    return program.applyBatch(program.nextSeq(), ROOT, list(words), sender=operator)


def turn(program: Any, count: int = 1) -> None:
    """Go to the first second of the `count`th quarter after this one."""
    ape.chain.mine(timestamp=program.periodStart(program.currentEpoch() + count))


@pytest.mark.parametrize("offset", [-720, -300, 0, 840])
def test_nothing_is_expiring_by_a_moment_in_the_past(
    new_direct: Any, operator: Any, offset: int
) -> None:
    program = new_direct(
        bytes([offset % 251]).ljust(32, b"\x02"),
        periodMonths=6,
        validityPeriods=4,
        utcOffsetMinutes=offset,
    )
    apply(program, operator, pack(ANNA, ACCRUE, 10))
    for until in (0, 1, 86_400, now()):
        assert program.expiringOf(ANNA, until) == 0
    assert program.expiringOf(ANNA, program.periodStart(program.currentEpoch() + 5)) == 10


@pytest.mark.parametrize(
    ("months", "validity", "offset"),
    [(1, 1, 0), (1, 4, -720), (3, 2, 60), (6, 3, 840), (12, 4, 330), (0, 0, 60)],
)
def test_the_calendar_is_python_s(new_direct: Any, months: int, validity: int, offset: int) -> None:
    program = new_direct(
        bytes([months, validity]).ljust(32, b"\x01"),
        periodMonths=months,
        validityPeriods=validity,
        utcOffsetMinutes=offset,
    )
    calendar = Calendar(months, validity, offset)
    current = calendar.period_at(now())
    assert program.currentEpoch() == current
    assert program.epochType() == 1
    if not months:
        assert program.epochLength() == 2**256 - 1
        assert program.expiresAt(1) == 2**256 - 1
        assert not program.isEpochExpired(1)
        return
    for period in (
        *range(current - 9, current + 9),
        *range(2000 * 12 // months, 2001 * 12 // months),
    ):
        assert program.periodStart(period) == calendar.starts_at(period)
        assert program.expiresAt(period) == calendar.expires_at(period)
        assert program.isEpochExpired(period) == calendar.lapsed(period, current)
    assert program.epochLength() == calendar.starts_at(current + 1) - calendar.starts_at(current)


def test_months_of_every_length(new_direct: Any) -> None:
    program = new_direct(b"\x09" * 32, periodMonths=1, validityPeriods=1, utcOffsetMinutes=0)
    for year in (2027, 2028, 2096, 2100, 2400):
        for month in range(1, 13):
            boundary = int(datetime(year, month, 1, tzinfo=UTC).timestamp())
            assert program.periodStart(year * 12 + month - 1) == boundary
    calendar = Calendar(1, 1, 0)
    for year, month in ((2027, 3), (2028, 3), (2029, 1), (2096, 3), (2100, 3)):
        boundary = int(datetime(year, month, 1, tzinfo=UTC).timestamp())
        ape.chain.mine(timestamp=boundary - 1)
        assert program.currentEpoch() == calendar.period_at(boundary - 1) == year * 12 + month - 2
        ape.chain.mine(timestamp=boundary)
        assert program.currentEpoch() == year * 12 + month - 1


def test_points_live_to_the_last_second(quarters: Any, operator: Any) -> None:
    apply(quarters, operator, pack(ANNA, ACCRUE, 10))
    earned = quarters.currentEpoch()
    end = quarters.expiresAt(earned)
    assert end == quarters.periodStart(earned + 3)
    assert quarters.expiringOf(ANNA, end - 1) == 0
    assert quarters.expiringOf(ANNA, end) == 10
    assert quarters.expiringOf(ANNA, 2**256 - 1) == 10
    ape.chain.mine(timestamp=end - 1)
    assert quarters.balanceOf(ANNA) == quarters.balanceOfAtEpoch(earned, ANNA) == 10
    ape.chain.mine(timestamp=end)
    assert quarters.balanceOf(ANNA) == quarters.balanceOfAtEpoch(earned, ANNA) == 0
    assert quarters.ledgerBalanceOf(ANNA) == quarters.totalSupply() == 10
    assert quarters.isEpochExpired(earned)


def test_anyone_sweeps_what_lapsed(quarters: Any, operator: Any, stranger: Any) -> None:
    apply(quarters, operator, pack(ANNA, ACCRUE, 10), pack(BEA, ACCRUE, 5))
    turn(quarters, 2)
    apply(quarters, operator, pack(BEA, ACCRUE, 7))
    turn(quarters)
    receipt = quarters.expire([BEA, ANNA, ANNA, member_address(9)], sender=stranger)
    burns = [
        (log["from"].lower(), log["to"], log.value)
        for log in receipt.decode_logs(quarters.Transfer)
    ]
    assert burns == [(BEA, ZERO_ADDRESS, 5), (ANNA, ZERO_ADDRESS, 10)]
    lapsed = [(log.member.lower(), log.amount) for log in receipt.decode_logs(quarters.Lapsed)]
    assert lapsed == [(BEA, 5), (ANNA, 10)]
    assert quarters.totalSupply() == quarters.balanceOf(BEA) == quarters.ledgerBalanceOf(BEA) == 7
    assert quarters.memberWord(ANNA) != 0
    assert quarters.memberWord(member_address(9)) == 0
    assert not quarters.expire([BEA, ANNA], sender=stranger).decode_logs(quarters.Lapsed)


@pytest.mark.parametrize(
    ("kind", "minted", "burned"),
    [(ACCRUE, 1, 10), (BONUS, 1, 10), (RETURN, 0, 11), (REDEEM, 0, 11)],
)
def test_a_touch_sweeps(quarters: Any, operator: Any, kind: int, minted: int, burned: int) -> None:
    apply(quarters, operator, pack(ANNA, ACCRUE, 10))
    turn(quarters, 2)
    apply(quarters, operator, pack(ANNA, ACCRUE, 5))
    turn(quarters)
    receipt = apply(quarters, operator, pack(ANNA, kind, 1))
    (lapsed,) = receipt.decode_logs(quarters.Lapsed)
    assert (lapsed.member.lower(), lapsed.amount) == (ANNA, 10)
    transfers = receipt.decode_logs(quarters.Transfer)
    assert [log.value for log in transfers] == [10, 1]
    (applied,) = receipt.decode_logs(quarters.BatchApplied)
    assert (applied.minted, applied.burned) == (minted, burned)
    assert quarters.totalSupply() == quarters.balanceOf(ANNA) == 5 + minted - (burned - 10)


def test_the_oldest_points_go_first(quarters: Any, operator: Any) -> None:
    for amount in (1, 10, 100):
        apply(quarters, operator, pack(ANNA, ACCRUE, amount))
        turn(quarters)
    period, buckets = quarters.bucketsOf(ANNA)
    assert period == quarters.currentEpoch()
    assert list(buckets) == [0, 100, 10, 0, 0]
    apply(quarters, operator, pack(ANNA, ACCRUE, 1_000), pack(ANNA, REDEEM, 50))
    assert list(quarters.bucketsOf(ANNA)[1]) == [1_000, 60, 0, 0, 0]
    assert quarters.expiringOf(ANNA, quarters.periodStart(period + 2)) == 60


def test_restored_points_are_as_old_as_they_were(quarters: Any, operator: Any) -> None:
    for age in range(3):
        receipt = apply(quarters, operator, pack(ANNA, RESTORE, 10**age, age=age))
        (restored,) = receipt.decode_logs(quarters.Restored)
        assert (restored.member.lower(), restored.amount, restored.age) == (ANNA, 10**age, age)
        (minted,) = receipt.decode_logs(quarters.Transfer)
        assert restored.log_index == minted.log_index + 1
    assert list(quarters.bucketsOf(ANNA)[1]) == [1, 10, 100, 0, 0]
    current = quarters.currentEpoch()
    assert quarters.balanceOfAtEpoch(current - 2, ANNA) == 100
    assert quarters.balanceOfAtEpoch(current + 1, ANNA) == 0
    assert_refused(
        quarters.MalformedWord,
        {"index": 0},
        quarters.applyBatch,
        *(quarters.nextSeq(), ROOT, [pack(ANNA, RESTORE, 1, age=3)]),
        sender=operator,
    )
    turn(quarters)
    assert quarters.balanceOf(ANNA) == 11


def test_a_return_takes_what_there_is(quarters: Any, operator: Any) -> None:
    apply(quarters, operator, pack(ANNA, ACCRUE, 10))
    receipt = apply(quarters, operator, pack(ANNA, RETURN, 25), pack(BEA, RETURN, 3))
    shorts = receipt.decode_logs(quarters.ReturnShort)
    assert [(log.member.lower(), log.amount, log.unpaid) for log in shorts] == [
        (ANNA, 25, 15),
        (BEA, 3, 3),
    ]
    assert [log.value for log in receipt.decode_logs(quarters.Transfer)] == [10]
    (applied,) = receipt.decode_logs(quarters.BatchApplied)
    assert (applied.wordCount, applied.minted, applied.burned) == (2, 0, 10)
    assert quarters.balanceOf(ANNA) == 0


def test_rebinding_keeps_every_lot(quarters: Any, operator: Any) -> None:
    for amount in (1, 10, 100, 1_000):
        apply(quarters, operator, pack(ANNA, ACCRUE, amount))
        turn(quarters)
    receipt = quarters.rebind(quarters.nextSeq(), ROOT, ANNA, BEA, 0, b"", sender=operator)
    assert [log.value for log in receipt.decode_logs(quarters.Transfer)] == [10, 1_100, 1_100]
    (applied,) = receipt.decode_logs(quarters.BatchApplied)
    assert (applied.minted, applied.burned) == (1_100, 1_110)
    assert list(quarters.bucketsOf(BEA)[1]) == [0, 1_000, 100, 0, 0]
    assert decode(quarters.memberWord(ANNA)).balance == 0
    assert quarters.totalSupply() == 1_100


@pytest.mark.parametrize("kind", [ACCRUE, BONUS])
@pytest.mark.parametrize("gone_by", range(7))
def test_fast_and_general_path_agree(quarters: Any, operator: Any, kind: int, gone_by: int) -> None:
    """An accrual is applied by assembly, a bonus by Solidity: the words are the same."""
    apply(quarters, operator, pack(ANNA, RESTORE, 3, age=2), pack(ANNA, RESTORE, 4, age=1))
    if gone_by:
        turn(quarters, gone_by)
    before = decode(quarters.memberWord(ANNA))
    apply(quarters, operator, pack(ANNA, kind, 5), pack(BEA, kind, 6))
    period = quarters.currentEpoch()
    expected = before.aged(QUARTERS, period).minted(5)
    assert quarters.memberWord(ANNA) == expected.encode()
    assert decode(quarters.memberWord(BEA)).buckets == (6, 0, 0, 0, 0)
    assert decode(quarters.memberWord(BEA)).period == period


def test_the_standards_it_declares(direct: Any) -> None:
    declared = {
        "ERC-165": "01ffc9a7",
        "ERC-20": "36372b07",
        "ERC-20 metadata": "a219a025",
        "ERC-5267": "84b0196e",
        "ERC-7572": "e8a3d485",
    }
    for name, interface in declared.items():
        assert direct.supportsInterface(bytes.fromhex(interface)), name
    assert not direct.supportsInterface(b"\xff" * 4)
    for method in (direct.transferAtEpoch, direct.transferFromAtEpoch):
        arguments = (1, ANNA, 1) if method is direct.transferAtEpoch else (1, ANNA, BEA, 1)
        assert_refused(direct.NonTransferable, {}, method, *arguments)


def test_the_zero_address_is_nobody(quarters: Any, operator: Any, stranger: Any) -> None:
    """Its place in storage is nobody's: sweeping it must not reach the program's own state."""
    apply(quarters, operator, pack(ANNA, ACCRUE, 10))
    turn(quarters, 7)
    before = (quarters.totalSupply(), quarters.nextSeq(), tuple(quarters.budgetsLeft()))
    receipt = quarters.expire([ZERO_ADDRESS], sender=stranger)
    assert not receipt.decode_logs(quarters.Transfer)
    assert (quarters.totalSupply(), quarters.nextSeq(), tuple(quarters.budgetsLeft())) == before
    for view in (
        quarters.balanceOf,
        quarters.ledgerBalanceOf,
        quarters.memberWord,
        quarters.nonces,
    ):
        assert view(ZERO_ADDRESS) == 0
