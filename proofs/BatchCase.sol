// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramLife} from "../contracts/interfaces/IProgramLife.sol";
import {vm} from "./Cheats.sol";
import {ProgramProof} from "./ProgramProof.sol";
import {Spec} from "./Spec.sol";

/// @title What the proofs of batches share: applying one word, and the limits of a day.
abstract contract BatchCase is ProgramProof {
    /// @dev The sums in the state are those of the day and of the supply, and within the limits.
    function withinBudget(State memory was, uint256 minted, uint256 debited)
        internal
        view
        returns (bool good)
    {
        unchecked {
            IProgramLife.Limits memory limit = limitsNow();
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

    function applied(uint64 seq, bytes32 root, uint256 word) internal returns (bool) {
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
        internal
        pure
        returns (uint256)
    {
        return (uint256(uint160(member)) << 96) | (kind << 88) | (age << 80) | (reason << 64)
            | amount;
    }
}
