// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILoyaltyProgram} from "../contracts/interfaces/ILoyaltyProgram.sol";
import {Handler} from "./Handler.sol";

/// @title What must hold after every one of these calls.
contract InvariantTest {
    Handler private handler;
    ILoyaltyProgram private program;

    function setUp() public {
        handler = new Handler();
        program = handler.program();
    }

    /// @dev Forge calls nothing else.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_every_promise_holds() external view {
        _everyLotIsAsListed();
        _limitsHold();
    }

    /// @dev Every lot of every member is what the list says: nothing gained, lost, moved or aged
    /// that should not be.
    function _everyLotIsAsListed() private view {
        uint256 period = handler.month();
        uint256 ledger = 0;
        for (uint256 i = 0; i < handler.memberCount(); ++i) {
            address member = handler.members(i);
            (uint256 current, uint256[5] memory buckets) = program.bucketsOf(member);
            require(current == period, "period");
            for (uint256 age = 0; age < 5; ++age) {
                uint256 listed = age > 2 ? 0 : handler.points(member, period - age);
                require(buckets[age] == listed, "lot");
            }
            require(program.balanceOf(member) == handler.live(member), "balance");
            require(program.isSignedOnly(member) == handler.signedOnly(member), "consent");
            ledger += program.ledgerBalanceOf(member);
        }
        require(program.totalSupply() == ledger, "supply is not the sum of the balances");
    }

    function _limitsHold() private view {
        require(program.totalSupply() <= 900_000, "cap");
        require(handler.mintedToday() <= 60_000, "mint budget");
        require(handler.debitedToday() <= 25_000, "debit budget");
        (uint256 mintLeft, uint256 debitLeft,) = program.budgetsLeft();
        require(mintLeft == 60_000 - handler.mintedToday(), "mint left");
        require(debitLeft == 25_000 - handler.debitedToday(), "debit left");
    }
}
