// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramLife} from "../contracts/interfaces/IProgramLife.sol";
import {svm, vm} from "./Cheats.sol";
import {ProgramProof} from "./ProgramProof.sol";
import {Spec} from "./Spec.sol";

/// @title A batch of one word, any word, on any state: what it may do, and the limits it keeps.
/// @dev The words of a batch are applied in order, each on what the one before left, and the limits
/// are checked on their sums; check_two_words_add_up is about those sums.
contract BatchProof is ProgramProof {
    /// @dev Minting kinds. The member named gains the amount at the age said, and no lot of theirs
    /// changes otherwise; nobody else's word changes at all.
    function check_a_mint_adds_its_amount_and_nothing_else(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint8 age,
        uint16 reason
    ) external {
        vm.assume(age <= VALIDITY);
        address member = someMember("member");
        address other = svm.createAddress("other");
        vm.assume(other != member);
        uint256 before = wordOf(member);
        uint256 beforeOther = wordOf(other);
        uint256 kind = svm.createUint(8, "kind");
        bool young = Spec.any(kind == 1, Spec.any(kind == 2, kind == 6));
        vm.assume(Spec.any(kind == 5, Spec.all(young, age == 0)));
        State memory was = state();
        bytes32 beforeFrame = frame();

        if (!applied(seq, root, packed(member, kind, age, reason, amount))) return;

        uint256[5] memory expected = lotsNow(before);
        unchecked {
            for (uint256 i = 0; i < 5; ++i) {
                expected[i] += Spec.pick(i == age, amount, 0);
            }
        }
        Spec.Member memory later = Spec.read(wordOf(member));
        bool good = Spec.all(Spec.same(later.lots, expected), later.period == PERIOD);
        good = Spec.all(good, Spec.wellFormed(later, PERIOD, VALIDITY));
        good = Spec.all(good, Spec.read(before).nonce == later.nonce);
        good = Spec.all(good, Spec.read(before).signedOnly == later.signedOnly);
        good = Spec.all(good, wordOf(other) == beforeOther);
        good = Spec.all(good, frame() == beforeFrame);
        good = Spec.all(good, Spec.all(was.paused == 0, state().lastSeq == seq));
        unchecked {
            good = Spec.all(good, seq == was.lastSeq + 1);
        }
        assert(Spec.all(good, withinBudget(was, amount, 0)));
    }

    /// @dev Burning kinds, when all is taken: the live points of the member named fall by what
    /// the debit budget counts, and only if no signature was asked for.
    function check_a_debit_is_within_the_budget(
        uint64 seq,
        bytes32 root,
        uint40 amount,
        uint16 reason
    ) external {
        address member = someMember("member");
        address other = svm.createAddress("other");
        vm.assume(other != member);
        uint256 before = wordOf(member);
        uint256 beforeOther = wordOf(other);
        // One lot: the others are MemberWordProof's.
        vm.assume(before & (2 ** 200 - 2 ** 40) == 0);
        uint256 kind = oneOf("kind", 3, 4, 7);
        State memory was = state();
        bytes32 beforeFrame = frame();

        if (!applied(seq, root, packed(member, kind, 0, reason, amount))) return;

        unchecked {
            uint256 held = Spec.sum(lotsNow(before));
            uint256 taken = held - Spec.sum(Spec.read(wordOf(member)).lots);
            bool free = (before >> 200) & 1 == 0;
            bool good = Spec.all(taken <= held, taken <= amount);
            good = Spec.all(good, Spec.any(free, taken == 0));
            good = Spec.all(good, Spec.any(kind == 4, Spec.all(free, taken == amount)));
            good = Spec.all(good, wordOf(other) == beforeOther);
            good = Spec.all(good, frame() == beforeFrame);
            assert(Spec.all(good, withinBudget(was, 0, taken)));
        }
    }

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

    /// @dev The sums in the state are those of the day and of the supply, and within the limits.
    function withinBudget(State memory was, uint256 minted, uint256 debited)
        private
        view
        returns (bool good)
    {
        unchecked {
            IProgramLife.Limits memory limit = program.limits();
            State memory now_ = state();
            good = now_.day == TODAY;
            good = Spec.all(
                good, now_.minted == Spec.pick(was.day == TODAY, was.minted, 0) + minted
            );
            good = Spec.all(
                good, now_.debited == Spec.pick(was.day == TODAY, was.debited, 0) + debited
            );
            good = Spec.all(good, Spec.any(minted == 0, now_.minted <= limit.mintPerDay));
            good = Spec.all(good, Spec.any(debited == 0, now_.debited <= limit.debitPerDay));
            good = Spec.all(good, Spec.any(minted == 0, now_.supply <= limit.supplyCap));
        }
    }

    function applied(uint64 seq, bytes32 root, uint256 word) private returns (bool) {
        uint256[] memory words = new uint256[](1);
        words[0] = word;
        vm.prank(ISSUER);
        try program.applyBatch(seq, root, words) {
            return true;
        } catch {
            return false;
        }
    }

    function packed(address member, uint256 kind, uint256 age, uint256 reason, uint256 amount)
        private
        pure
        returns (uint256)
    {
        return (uint256(uint160(member)) << 96) | (kind << 88) | (age << 80) | (reason << 64)
            | amount;
    }

    function oneOf(string memory name, uint256 a, uint256 b, uint256 c)
        private
        pure
        returns (uint256 chosen)
    {
        chosen = svm.createUint(8, name);
        vm.assume(Spec.any(chosen == a, Spec.any(chosen == b, chosen == c)));
    }
}
