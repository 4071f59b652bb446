// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchCase} from "./BatchCase.sol";
import {svm} from "./Cheats.sol";
import {Spec} from "./Spec.sol";

/// @title A word that mints: its member gains the amount at the age said, no lot of theirs changes
/// otherwise, nobody else's word changes at all, and cap and budget hold.
/// @dev One proof per distance from the member's last operation; kind, age, amount, sequence, state
/// and everybody's words are any.
contract MintProof is BatchCase {
    function check_a_mint_adds_its_amount_in_the_period_of_the_word(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        (uint256 kind, uint256 age) = someYoung(svm.createUint(8, "choice"));
        mintAdds(0, kind, age, seq, root, amount, reason);
    }

    function check_a_mint_adds_its_amount_one_period_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        (uint256 kind, uint256 age) = someYoung(svm.createUint(8, "choice"));
        mintAdds(1, kind, age, seq, root, amount, reason);
    }

    function check_a_mint_adds_its_amount_two_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        (uint256 kind, uint256 age) = someYoung(svm.createUint(8, "choice"));
        mintAdds(2, kind, age, seq, root, amount, reason);
    }

    function check_a_mint_adds_its_amount_three_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        (uint256 kind, uint256 age) = someYoung(svm.createUint(8, "choice"));
        mintAdds(3, kind, age, seq, root, amount, reason);
    }

    function check_a_mint_adds_its_amount_four_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        (uint256 kind, uint256 age) = someYoung(svm.createUint(8, "choice"));
        mintAdds(4, kind, age, seq, root, amount, reason);
    }

    function check_a_mint_adds_its_amount_long_after(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        (uint256 kind, uint256 age) = someYoung(svm.createUint(8, "choice"));
        mintAdds(LONG_AGO, kind, age, seq, root, amount, reason);
    }

    function check_an_old_lot_is_restored_in_the_period_of_the_word(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        mintAdds(0, 5, someAge(svm.createUint(8, "choice")), seq, root, amount, reason);
    }

    function check_an_old_lot_is_restored_one_period_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        mintAdds(1, 5, someAge(svm.createUint(8, "choice")), seq, root, amount, reason);
    }

    function check_an_old_lot_is_restored_two_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        mintAdds(2, 5, someAge(svm.createUint(8, "choice")), seq, root, amount, reason);
    }

    function check_an_old_lot_is_restored_three_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        mintAdds(3, 5, someAge(svm.createUint(8, "choice")), seq, root, amount, reason);
    }

    function check_an_old_lot_is_restored_four_periods_later(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        mintAdds(4, 5, someAge(svm.createUint(8, "choice")), seq, root, amount, reason);
    }

    function check_an_old_lot_is_restored_long_after(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        mintAdds(LONG_AGO, 5, someAge(svm.createUint(8, "choice")), seq, root, amount, reason);
    }

    function mintAdds(
        uint256 gone,
        uint256 kind,
        uint256 age,
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) private {
        uint256 before = memberAfter(gone);
        address other = someoneElse();
        uint256 beforeOther = wordOf(other);
        State memory was = state();
        bytes32 beforeFrame = frame();

        if (!applied(seq, root, packed(MEMBER, kind, age, reason, amount))) return;

        uint256[5] memory expected = lotsNow(before);
        unchecked {
            for (uint256 i = 0; i < 5; ++i) {
                expected[i] += Spec.pick(i == age, amount, 0);
            }
        }
        Spec.Member memory later = Spec.read(wordOf(MEMBER));
        bool good = Spec.all(Spec.same(later.lots, expected), later.period == PERIOD);
        good = Spec.all(good, Spec.read(before).nonce == later.nonce);
        good = Spec.all(good, Spec.read(before).signedOnly == later.signedOnly);
        good = Spec.all(good, wordOf(other) == beforeOther);
        good = Spec.all(good, frame() == beforeFrame);
        good = Spec.all(good, Spec.all(was.paused == 0, state().lastSeq == seq));
        unchecked {
            good = Spec.all(good, seq == was.lastSeq + 1);
            // With the lots as expected this is their sum: the word is again as programs write it.
            good = Spec.all(good, balanceNow(before) + amount <= Spec.MOST);
            good = Spec.all(good, state().supply == was.supply + amount - lapsed(before));
        }
        assert(Spec.all(good, withinBudget(was, amount, 0)));
    }

    /// @dev Every kind that mints into the newest lot, each a path of its own with numbers in it:
    /// the solver does not end on a shift by an unknown age.
    function someYoung(uint256 choice) private pure returns (uint256 kind, uint256 age) {
        if (choice == 0) return (1, 0);
        if (choice == 1) return (2, 0);
        if (choice == 2) return (6, 0);
        return (5, 0);
    }

    function someAge(uint256 choice) private pure returns (uint256 age) {
        if (choice == 0) return 1;
        if (choice == 1) return 2;
        return 3;
    }
}
