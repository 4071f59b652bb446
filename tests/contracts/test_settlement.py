"""Settlement: roles, lanes, and batches of several programs in one transaction."""

from __future__ import annotations

from typing import Any

import ape
from contract_model import ACCRUE, REDEEM, ROOT, ZERO_ADDRESS, assert_refused, member_address, pack

ANNA = member_address(1)
DELAY = 2 * 86_400


def batch(program: Any, seq: int, *words: int) -> tuple[str, int, bytes, list[int]]:
    """Return one batch in the order of the struct."""
    return (program.address, seq, ROOT, list(words))


def test_settles_several_programs_at_once(settlement: Any, new_program: Any, operator: Any) -> None:
    first, second = new_program(1), new_program(2)
    receipt = settlement.settle(
        [
            batch(first, 1, pack(ANNA, ACCRUE, 10)),
            batch(second, 1, pack(ANNA, ACCRUE, 20)),
            batch(first, 2, pack(ANNA, REDEEM, 4)),
        ],
        sender=operator,
    )
    assert (first.balanceOf(ANNA), second.balanceOf(ANNA)) == (6, 20)
    applied = receipt.decode_logs(first.BatchApplied)
    assert [(log.contract_address, log.seq) for log in applied] == [
        (first.address, 1),
        (second.address, 1),
        (first.address, 2),
    ]


def test_one_bad_batch_undoes_all(settlement: Any, new_program: Any, operator: Any) -> None:
    first, second = new_program(1), new_program(2)
    assert_refused(
        second.InsufficientBalance,
        {"index": 0, "member": ANNA, "balance": 0, "amount": 1},
        settlement.settle,
        [batch(first, 1, pack(ANNA, ACCRUE, 10)), batch(second, 1, pack(ANNA, REDEEM, 1))],
        sender=operator,
    )
    assert (first.nextSeq(), first.totalSupply()) == (1, 0)


def test_each_lane_settles(
    settlement: Any, new_program: Any, operator: Any, other_operator: Any
) -> None:
    first, second = new_program(1), new_program(2)
    settlement.settle([batch(first, 1, pack(ANNA, ACCRUE, 1))], sender=operator)
    settlement.settle([batch(second, 1, pack(ANNA, ACCRUE, 1))], sender=other_operator)
    settlement.settle([batch(first, 2, pack(ANNA, ACCRUE, 1))], sender=other_operator)
    assert first.nextSeq() == 3


def test_only_operators_settle(
    settlement: Any, program: Any, admin: Any, guardian: Any, stranger: Any
) -> None:
    for account in (admin, guardian, stranger):
        assert_refused(
            settlement.NotOperator,
            {},
            settlement.settle,
            [batch(program, 1, pack(ANNA, ACCRUE, 1))],
            sender=account,
        )


def test_nothing_to_settle(settlement: Any, operator: Any) -> None:
    assert_refused(settlement.NoBatches, {}, settlement.settle, [], sender=operator)


def test_operators_come_and_go(settlement: Any, program: Any, admin: Any, stranger: Any) -> None:
    receipt = settlement.addOperator(stranger, sender=admin)
    assert [log.operator for log in receipt.decode_logs(settlement.OperatorAdded)] == [stranger]
    (active,) = receipt.decode_logs(settlement.OperatorActive)
    assert active.activeFrom == settlement.operatorFrom(stranger) == receipt.timestamp + DELAY
    assert not settlement.isOperator(stranger)
    assert_refused(settlement.NotOperator, {}, settlement.settle, [], sender=stranger)
    ape.chain.mine(timestamp=active.activeFrom)
    assert settlement.isOperator(stranger)
    settlement.settle([batch(program, 1, pack(ANNA, ACCRUE, 1))], sender=stranger)
    assert_refused(
        settlement.AlreadyOperator,
        {"operator": stranger},
        settlement.addOperator,
        stranger,
        sender=admin,
    )
    receipt = settlement.removeOperator(stranger, sender=admin)
    assert [log.operator for log in receipt.decode_logs(settlement.OperatorRemoved)] == [stranger]
    assert_refused(
        settlement.NotOperator,
        {},
        settlement.settle,
        [batch(program, 2, pack(ANNA, ACCRUE, 1))],
        sender=stranger,
    )
    assert_refused(
        settlement.UnknownOperator,
        {"operator": stranger},
        settlement.removeOperator,
        stranger,
        sender=admin,
    )
    assert_refused(settlement.ZeroAddress, {}, settlement.addOperator, ZERO_ADDRESS, sender=admin)


def test_guardian_only_pauses(
    settlement: Any, program: Any, admin: Any, guardian: Any, operator: Any, stranger: Any
) -> None:
    for account in (operator, stranger):
        assert_refused(settlement.NotGuardian, {}, settlement.pause, program, sender=account)
    receipt = settlement.pause(program, sender=guardian)
    (paused,) = receipt.decode_logs(settlement.ProgramPaused)
    assert (paused.program, paused.account) == (program.address, guardian.address)
    assert program.mintPaused()
    assert_refused(
        program.MintPaused,
        {"index": 0},
        settlement.settle,
        [batch(program, 1, pack(ANNA, ACCRUE, 1))],
        sender=operator,
    )
    assert_refused(settlement.NotAdmin, {}, settlement.unpause, program, sender=guardian)
    receipt = settlement.unpause(program, sender=admin)
    assert len(receipt.decode_logs(settlement.ProgramUnpaused)) == 1
    settlement.settle([batch(program, 1, pack(ANNA, ACCRUE, 1))], sender=operator)
    settlement.pause(program, sender=admin)
    assert program.mintPaused()


def test_pause_of_one_program_leaves_the_others(
    settlement: Any, new_program: Any, guardian: Any, operator: Any
) -> None:
    first, second = new_program(1), new_program(2)
    settlement.pause(first, sender=guardian)
    settlement.settle([batch(second, 1, pack(ANNA, ACCRUE, 1))], sender=operator)
    assert second.balanceOf(ANNA) == 1


def test_guardian_is_named_by_the_admin(
    settlement: Any, admin: Any, guardian: Any, stranger: Any
) -> None:
    assert_refused(settlement.NotAdmin, {}, settlement.setGuardian, stranger, sender=guardian)
    receipt = settlement.setGuardian(stranger, sender=admin)
    (named,) = receipt.decode_logs(settlement.GuardianNamed)
    assert (named.next, named.activeFrom) == (stranger.address, receipt.timestamp + DELAY)
    assert settlement.guardian() == guardian.address
    early = {"activeFrom": named.activeFrom}
    assert_refused(settlement.TooEarly, early, settlement.acceptGuardian, sender=admin)
    ape.chain.mine(timestamp=named.activeFrom)
    receipt = settlement.acceptGuardian(sender=admin)
    (changed,) = receipt.decode_logs(settlement.GuardianChanged)
    assert (changed.previous, changed.current) == (guardian.address, stranger.address)
    assert settlement.guardian() == stranger.address
    again = {"activeFrom": 0}
    assert_refused(settlement.TooEarly, again, settlement.acceptGuardian, sender=admin)


def test_admin_changes_in_two_steps(settlement: Any, admin: Any, stranger: Any) -> None:
    assert_refused(settlement.NotAdmin, {}, settlement.transferAdmin, stranger, sender=stranger)
    receipt = settlement.transferAdmin(stranger, sender=admin)
    (started,) = receipt.decode_logs(settlement.AdminTransferStarted)
    assert (started.current, started.pending) == (admin.address, stranger.address)
    assert settlement.admin() == admin.address
    assert settlement.pendingAdmin() == stranger.address
    assert_refused(settlement.NotPendingAdmin, {}, settlement.acceptAdmin, sender=admin)
    active_from = receipt.timestamp + DELAY
    early = {"activeFrom": active_from}
    assert_refused(settlement.TooEarly, early, settlement.acceptAdmin, sender=stranger)
    ape.chain.mine(timestamp=active_from)
    receipt = settlement.acceptAdmin(sender=stranger)
    (changed,) = receipt.decode_logs(settlement.AdminChanged)
    assert (changed.previous, changed.current) == (admin.address, stranger.address)
    assert settlement.admin() == stranger.address
    assert settlement.pendingAdmin() == ZERO_ADDRESS
    assert_refused(settlement.NotAdmin, {}, settlement.addOperator, admin, sender=admin)


def test_operator_changes_need_the_admin(settlement: Any, operator: Any, stranger: Any) -> None:
    assert_refused(settlement.NotAdmin, {}, settlement.addOperator, stranger, sender=operator)
    assert_refused(settlement.NotAdmin, {}, settlement.removeOperator, operator, sender=operator)


def test_an_admin_is_required(project: Any, admin: Any) -> None:
    assert_refused(
        project.Settlement.ZeroAddress,
        {},
        project.Settlement,
        ZERO_ADDRESS,
        admin,
        [],
        DELAY,
        sender=admin,
    )
