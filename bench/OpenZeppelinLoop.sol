// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice The plain way to mint to many: OpenZeppelin's ERC20 in a loop, for comparison only. No
/// expiry, no cap, no budget, no sequence, and its points can be moved.
contract OpenZeppelinLoop is ERC20, Ownable {
    constructor() ERC20("Points", "PTS") Ownable(msg.sender) {}

    /// @param words `address:160 | zero:56 | amount:40`, as cheap in calldata as ours.
    function mint(uint256[] calldata words) external onlyOwner {
        for (uint256 i = 0; i < words.length; ++i) {
            _mint(address(uint160(words[i] >> 96)), words[i] & 0xffffffffff);
        }
    }
}
