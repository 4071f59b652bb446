// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramBatch} from "../interfaces/IProgramBatch.sol";
import {IProgramLife} from "../interfaces/IProgramLife.sol";
import {Calendar} from "./Calendar.sol";
import {ProgramConsent} from "./ProgramConsent.sol";
import {ProgramRules} from "./ProgramRules.sol";

/// @title What every batch is held to: its place in the sequence, the budgets and the cap.
abstract contract ProgramLimits is ProgramConsent {
    using ProgramRules for uint256;

    function _takeSequence(State memory state, uint64 seq) internal pure {
        require(seq == state.lastSeq + 1, IProgramBatch.BadSequence(state.lastSeq + 1, seq));
        state.lastSeq = seq;
    }

    /// @dev Brings the tally into the state, within the limits. What lowers the supply is never
    /// held up by the cap.
    function _settleTally(
        State memory state,
        IProgramLife.Limits memory limit,
        uint256 rules,
        Tally memory tally
    ) internal view {
        uint256 today = Calendar.dayAt(block.timestamp, rules.utcOffsetMinutes());
        if (state.day != today) {
            state.day = uint24(today);
            state.mintedToday = 0;
            state.debitedToday = 0;
        }
        // Every cast is of a value just found to be at most a limit of that width.
        if (tally.minted != 0) {
            uint256 minted = state.mintedToday + tally.minted;
            if (minted > limit.mintPerDay) {
                revert IProgramBatch.MintBudgetExceeded(
                    _left(limit.mintPerDay, state.mintedToday), tally.minted
                );
            }
            state.mintedToday = uint48(minted);
        }
        if (tally.debited != 0) {
            uint256 debited = state.debitedToday + tally.debited;
            if (debited > limit.debitPerDay) {
                revert IProgramBatch.DebitBudgetExceeded(
                    _left(limit.debitPerDay, state.debitedToday), tally.debited
                );
            }
            state.debitedToday = uint48(debited);
        }
        uint256 supply = state.totalSupply + tally.minted - tally.burned;
        if (tally.minted != 0 && supply > limit.supplyCap) {
            revert IProgramBatch.SupplyCapExceeded(limit.supplyCap, supply);
        }
        state.totalSupply = uint64(supply);
    }

    /// @dev A limit may have been lowered below what was used already.
    function _left(uint256 limit, uint256 used) internal pure returns (uint256) {
        return limit > used ? limit - used : 0;
    }
}
