// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberWord} from "../contracts/program/MemberWord.sol";
import {vm} from "./Cheats.sol";
import {Spec} from "./Spec.sol";

/// @title The arithmetic of the member word is that of five separate lots, for every word.
/// @dev Run by Halmos: each argument stands for every value of its type.
contract MemberWordProof {
    using Spec for Spec.Member;

    /// @dev All words, all periods, all validities that a factory admits.
    function check_ageing_is_exact(uint256 word, uint16 period, uint8 validity) external pure {
        vm.assume(validity <= 4);
        Spec.Member memory before = Spec.read(word);
        uint256 live = MemberWord.liveMask(validity);
        Spec.Member memory later = Spec.read(MemberWord.aged(word, period, live));
        assert(Spec.same(later.lots, before.aged(period, validity)));
        assert(later.nonce == before.nonce);
        assert(later.signedOnly == before.signedOnly);
        assert(later.period == Spec.pick(period > before.period, period, before.period));
    }

    function check_a_lot_lives_to_its_last_period_and_no_longer(
        uint40 amount,
        uint16 earned,
        uint16 period,
        uint8 validity
    ) external pure {
        vm.assume(Spec.all(validity <= 4, period >= earned));
        uint256 word = (uint256(earned) << 240) | amount;
        uint256[5] memory lots =
            Spec.read(MemberWord.aged(word, period, MemberWord.liveMask(validity))).lots;
        unchecked {
            uint256 age = uint256(period) - earned;
            assert(Spec.sum(lots) == Spec.pick(age <= validity, amount, 0));
        }
    }

    function check_ageing_in_steps_is_ageing_at_once(
        uint256 word,
        uint16 first,
        uint16 second,
        uint8 validity
    ) external pure {
        vm.assume(Spec.all(validity <= 4, first <= second));
        vm.assume(Spec.wellFormed(Spec.read(word), first, validity));
        uint256 live = MemberWord.liveMask(validity);
        uint256 twice = MemberWord.aged(MemberWord.aged(word, first, live), second, live);
        assert(twice == MemberWord.aged(word, second, live));
    }

    /// @dev The balance is the remainder of a division by 2^40 - 1. Three steps show that it is the
    /// sum of the lots. First: the buckets are the lots, each at its place.
    function check_the_buckets_are_the_lots(uint256 word) external pure {
        unchecked {
            uint256[5] memory lots = Spec.read(word).lots;
            uint256 buckets = lots[0] + (lots[1] << 40) + (lots[2] << 80) + (lots[3] << 120)
                + (lots[4] << 160);
            assert(buckets == word & MemberWord.BUCKETS_MASK);
        }
    }

    /// @dev Second: a lot at the place of any age is a multiple of 2^40 - 1, and itself. With the
    /// first step, the buckets are a multiple of 2^40 - 1, and the sum of the lots.
    function check_a_lot_leaves_itself(uint40 lot) external pure {
        unchecked {
            // The quotients: 2^(40 n) = (2^40 - 1) * (1 + 2^40 + … + 2^(40 (n - 1))) + 1.
            uint256 quotient = 0;
            for (uint256 age = 0; age < 5; ++age) {
                assert((uint256(lot) << (40 * age)) == (quotient << 40) - quotient + lot);
                assert(quotient >> 160 == 0);
                quotient = (quotient << 40) | lot;
            }
        }
    }

    /// @dev Third: that sum is less than the divisor, and a division leaves but one such number.
    function check_what_is_left_is_below_the_divisor(uint256 word) external pure {
        uint256 total = Spec.sum(Spec.read(word).lots);
        vm.assume(total <= MemberWord.MAX_BALANCE);
        assert(total < MemberWord.BUCKET_MODULUS);
    }

    /// @dev With those steps, what the proofs of a program assume of each word: no lot is more than
    /// the balance.
    function check_no_lot_is_more_than_the_balance(uint256 word) external pure {
        unchecked {
            uint256[5] memory lots = Spec.read(word).lots;
            uint256 total = 0;
            for (uint256 age = 0; age < 5; ++age) {
                uint256 more = total + lots[age];
                assert(total <= more);
                assert(lots[age] <= more);
                total = more;
            }
            assert(total == Spec.sum(lots));
        }
    }

    /// @dev And ageing leaves no more than there was: the sum of the youngest lots, all or some.
    function check_ageing_leaves_the_youngest_lots(uint256 word) external pure {
        Spec.Member memory member = Spec.read(word);
        member.period = 0;
        for (uint256 validity = 0; validity < 5; ++validity) {
            for (uint256 gone = 1; gone <= 5; ++gone) {
                uint256 youngest = 0;
                unchecked {
                    for (uint256 age = 0; age + gone <= validity; ++age) {
                        youngest += member.lots[age];
                    }
                }
                assert(Spec.sum(member.aged(gone, validity)) == youngest);
            }
        }
    }

    /// @dev More in one lot is as much more in all.
    function check_what_is_added_to_a_lot_is_added_to_all(
        uint256 word,
        uint256 age,
        uint40 amount
    ) external pure {
        uint256[5] memory lots = Spec.read(word).lots;
        uint256 before = Spec.sum(lots);
        vm.assume(age < 5);
        unchecked {
            for (uint256 i = 0; i < 5; ++i) {
                lots[i] += Spec.pick(i == age, amount, 0);
            }
            assert(Spec.sum(lots) == before + amount);
        }
    }

    function check_spending_nothing_changes_nothing(uint256 word) external pure {
        assert(MemberWord.consumed(word, 0) == word);
    }
}
