// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchCase} from "./BatchCase.sol";
import {vm} from "./Cheats.sol";
import {Spec} from "./Spec.sol";

/// @title What a batch refuses, and that its limits are those of the sums of its words.
/// @dev The words of a batch are applied in order, each on what the one before left; MintProof and
/// DebitProof say what one word does.
contract BatchProof is BatchCase {
    /// @dev A malformed word is never applied: reserved bits, unknown kinds, no member, no amount,
    /// an age where none belongs, an adjustment without a reason.
    function check_malformed_words_are_refused(uint64 seq, bytes32 root, uint256 word) external {
        uint256 kind = (word >> 88) & 0xff;
        uint256 age = (word >> 80) & 0xff;
        uint256 reason = (word >> 64) & 0xffff;
        bool zero = Spec.any(word >> 96 == 0, word & 0xffffffffff == 0);
        bool unknown = Spec.any(kind == 0, kind > 7);
        bool reserved = (word >> 40) & 0xffffff != 0;
        bool misplaced = Spec.all(age != 0, Spec.any(kind != 5, age > VALIDITY));
        bool silent = Spec.all(Spec.any(kind == 6, kind == 7), reason == 0);
        vm.assume(
            Spec.any(Spec.any(zero, unknown), Spec.any(reserved, Spec.any(misplaced, silent)))
        );
        assert(!applied(seq, root, word));
    }

    /// @dev Two mints on two members: the state counts both, and the limits hold for the sum.
    function check_two_words_add_up(uint64 seq, bytes32 root, uint40 first, uint40 second)
        external
    {
        address a = someMember("a");
        address b = someMember("b");
        vm.assume(a != b);
        vm.assume(Spec.read(wordOf(a)).period == PERIOD);
        vm.assume(Spec.read(wordOf(b)).period == PERIOD);
        uint256 beforeA = wordOf(a);
        uint256 beforeB = wordOf(b);
        State memory was = state();
        uint256[] memory words = new uint256[](2);
        words[0] = packed(a, 1, 0, 0, first);
        words[1] = packed(b, 1, 0, 0, second);

        vm.prank(ISSUER);
        try program.applyBatch(seq, root, words) {}
        catch {
            return;
        }
        unchecked {
            bool good = wordOf(a) == beforeA + first;
            good = Spec.all(good, wordOf(b) == beforeB + second);
            assert(Spec.all(good, withinBudget(was, uint256(first) + second, 0)));
        }
    }
}
