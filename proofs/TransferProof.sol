// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7818Views} from "../contracts/interfaces/IERC7818Views.sol";
import {IProgramPoints} from "../contracts/interfaces/IProgramPoints.sol";
import {vm} from "./Cheats.sol";
import {ProgramProof} from "./ProgramProof.sol";

/// @title What a wallet may try moves nothing: whoever calls, with whatever, in whatever state.
contract TransferProof is ProgramProof {
    function check_nobody_transfers(address caller, address a, address b, uint256 amount)
        external
    {
        refused(caller, abi.encodeCall(IProgramPoints.transfer, (a, amount)));
        refused(caller, abi.encodeCall(IProgramPoints.transferFrom, (a, b, amount)));
        refused(caller, abi.encodeCall(IProgramPoints.approve, (a, amount)));
        refused(caller, abi.encodeCall(IERC7818Views.transferAtEpoch, (amount, a, amount)));
        refused(
            caller, abi.encodeCall(IERC7818Views.transferFromAtEpoch, (amount, a, b, amount))
        );
    }

    function check_nobody_permits(
        address caller,
        address a,
        address b,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        refused(caller, abi.encodeCall(IProgramPoints.permit, (a, b, amount, deadline, v, r, s)));
    }

    function check_nothing_is_allowed(address a, address b) external view {
        assert(program.allowance(a, b) == 0);
    }

    function refused(address caller, bytes memory data) private {
        vm.prank(caller);
        (bool success, bytes memory answer) = address(program).call(data);
        assert(!success);
        assert(answer.length == 4);
        assert(bytes4(answer) == IProgramPoints.NonTransferable.selector);
    }
}
