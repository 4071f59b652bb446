// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchCase} from "./BatchCase.sol";
import {Spec} from "./Spec.sol";

/// @title A word that burns: live points fall by what the debit budget counts, and only where no
/// signature was asked for; a redemption takes exactly its amount.
/// @dev One proof per kind and distance from the member's last operation, who has points of one
/// period: that the oldest go first is MemberWordProof's and the invariants'.
contract DebitProof is BatchCase {
    uint256 private constant REDEEM = 3;
    uint256 private constant RETURN = 4;
    uint256 private constant ADJUST = 7;

    function check_a_redemption_is_within_the_budget_in_the_period_of_the_word(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(0, REDEEM, seq, root, amount, reason);
    }

    function check_a_redemption_is_within_the_budget_one_period_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(1, REDEEM, seq, root, amount, reason);
    }

    function check_a_redemption_is_within_the_budget_two_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(2, REDEEM, seq, root, amount, reason);
    }

    function check_a_redemption_is_within_the_budget_three_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(3, REDEEM, seq, root, amount, reason);
    }

    function check_a_redemption_is_within_the_budget_four_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(4, REDEEM, seq, root, amount, reason);
    }

    function check_a_redemption_is_within_the_budget_long_after(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(LONG_AGO, REDEEM, seq, root, amount, reason);
    }

    function check_a_return_is_within_the_budget_in_the_period_of_the_word(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(0, RETURN, seq, root, amount, reason);
    }

    function check_a_return_is_within_the_budget_one_period_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(1, RETURN, seq, root, amount, reason);
    }

    function check_a_return_is_within_the_budget_two_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(2, RETURN, seq, root, amount, reason);
    }

    function check_a_return_is_within_the_budget_three_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(3, RETURN, seq, root, amount, reason);
    }

    function check_a_return_is_within_the_budget_four_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(4, RETURN, seq, root, amount, reason);
    }

    function check_a_return_is_within_the_budget_long_after(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(LONG_AGO, RETURN, seq, root, amount, reason);
    }

    function check_an_adjustment_is_within_the_budget_in_the_period_of_the_word(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(0, ADJUST, seq, root, amount, reason);
    }

    function check_an_adjustment_is_within_the_budget_one_period_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(1, ADJUST, seq, root, amount, reason);
    }

    function check_an_adjustment_is_within_the_budget_two_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(2, ADJUST, seq, root, amount, reason);
    }

    function check_an_adjustment_is_within_the_budget_three_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(3, ADJUST, seq, root, amount, reason);
    }

    function check_an_adjustment_is_within_the_budget_four_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(4, ADJUST, seq, root, amount, reason);
    }

    function check_an_adjustment_is_within_the_budget_long_after(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        debits(LONG_AGO, ADJUST, seq, root, amount, reason);
    }

    function debits(
        uint256 gone,
        uint256 kind,
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) private {
        uint256 before = memberWithOneLotAfter(gone);
        address other = someoneElse();
        uint256 beforeOther = wordOf(other);
        State memory was = state();
        bytes32 beforeFrame = frame();

        if (!applied(seq, root, packed(MEMBER, kind, 0, reason, amount))) return;

        Spec.Member memory later = Spec.read(wordOf(MEMBER));
        unchecked {
            uint256 held = balanceNow(before);
            uint256 taken = held - theLot(later.lots);
            bool free = (before >> 200) & 1 == 0;
            bool good = Spec.all(taken <= held, taken <= amount);
            good = Spec.all(good, sameAge(lotsNow(before), later.lots));
            good = Spec.all(good, Spec.any(free, taken == 0));
            good = Spec.all(good, Spec.any(kind == RETURN, Spec.all(free, taken == amount)));
            good = Spec.all(good, Spec.read(before).nonce == later.nonce);
            good = Spec.all(good, Spec.read(before).signedOnly == later.signedOnly);
            good = Spec.all(good, wordOf(other) == beforeOther);
            good = Spec.all(good, frame() == beforeFrame);
            good = Spec.all(good, state().supply == was.supply - taken - lapsed(before));
            assert(Spec.all(good, withinBudget(was, 0, taken)));
        }
    }
}
