// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramLife} from "../contracts/interfaces/IProgramLife.sol";
import {svm, vm} from "./Cheats.sol";
import {ProgramProof} from "./ProgramProof.sol";
import {Spec} from "./Spec.sol";

/// @title A rebind without a signature joins no two members, takes no lot's age, and is budgeted;
/// limits rise after notice only.
contract RebindProof is ProgramProof {
    function check_a_rebind_moves_all_in_the_period_of_the_word(uint64 seq, bytes32 root) external {
        moves(0, seq, root);
    }

    function check_a_rebind_moves_all_one_period_later(uint64 seq, bytes32 root) external {
        moves(1, seq, root);
    }

    function check_a_rebind_moves_all_two_periods_later(uint64 seq, bytes32 root) external {
        moves(2, seq, root);
    }

    function check_a_rebind_moves_all_three_periods_later(uint64 seq, bytes32 root) external {
        moves(3, seq, root);
    }

    function check_a_rebind_moves_all_four_periods_later(uint64 seq, bytes32 root) external {
        moves(4, seq, root);
    }

    function check_a_rebind_moves_all_long_after(uint64 seq, bytes32 root) external {
        moves(LONG_AGO, seq, root);
    }

    /// @dev To an address that is the same one, another member's, or nobody's.
    function moves(uint256 gone, uint64 seq, bytes32 root) private {
        address from = MEMBER;
        uint256 before = memberAfter(gone);
        address to = svm.createAddress("to");
        address other = someoneElse();
        vm.assume(other != to);
        uint256 beforeTo = wordOf(to);
        uint256 beforeOther = wordOf(other);
        State memory was = state();
        bytes32 beforeFrame = frame();

        vm.prank(ISSUER);
        try program.rebind(seq, root, from, to, 0, "") {}
        catch {
            return;
        }
        uint256[5] memory lots = lotsNow(before);
        bool good = Spec.all((before >> 200) & 1 == 0, beforeTo == 0);
        // An address that was never used may be bound to itself: nothing is there to move.
        good = Spec.all(good, Spec.any(to != from, balanceNow(before) == 0));
        good = Spec.all(good, Spec.same(Spec.read(wordOf(to)).lots, lots));
        good = Spec.all(good, wordOf(from) & (2 ** 200 - 1) == 0);
        good = Spec.all(good, wordOf(from) != 0);
        good = Spec.all(good, Spec.all(wordOf(other) == beforeOther, frame() == beforeFrame));
        unchecked {
            uint256 moved = balanceNow(before);
            uint256 debited = Spec.pick(was.day == TODAY, was.debited, 0) + moved;
            good = Spec.all(good, state().debited == debited);
            good = Spec.all(good, Spec.any(moved == 0, debited <= limitsNow().debitPerDay));
            good = Spec.all(good, state().lastSeq == was.lastSeq + 1);
            good = Spec.all(good, state().supply == was.supply - lapsed(before));
        }
        assert(good);
    }

    /// @dev What the proofs of batches and rebinds take for the limits is what the program says.
    function check_the_limits_are_those_that_are_read() external view {
        IProgramLife.Limits memory said = program.limits();
        IProgramLife.Limits memory read = limitsNow();
        assert(said.supplyCap == read.supplyCap);
        assert(said.mintPerDay == read.mintPerDay);
        assert(said.debitPerDay == read.debitPerDay);
    }

    /// @dev Whatever the issuer asks for: none of the three is higher a second before the notice is
    /// over than it was, and none is then higher than what was asked for.
    function check_limits_rise_after_notice_only(uint64 cap, uint48 mint, uint48 debit) external {
        IProgramLife.Limits memory was = program.limits();
        vm.prank(ISSUER);
        program.setLimits(IProgramLife.Limits(cap, mint, debit));
        assertNoHigher(program.limits(), was);
        assertNoHigher(program.limits(), IProgramLife.Limits(cap, mint, debit));
        vm.warp(NOW + NOTICE - 1);
        assertNoHigher(program.limits(), was);
        vm.warp(NOW + NOTICE);
        assertNoHigher(program.limits(), IProgramLife.Limits(cap, mint, debit));
    }

    function assertNoHigher(IProgramLife.Limits memory a, IProgramLife.Limits memory b)
        private
        pure
    {
        assert(a.supplyCap <= b.supplyCap);
        assert(a.mintPerDay <= b.mintPerDay);
        assert(a.debitPerDay <= b.debitPerDay);
    }
}
