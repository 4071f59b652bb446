// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-7818, expirable ERC-20: every function that it adds to ERC-20.
/// @notice An epoch is an earning period, and its number the period's. Two deviations, on purpose:
/// - `totalSupply` counts exactly the points in the ledger, where the standard advises 0 or the
///   maximum: lapsed points leave it when they are swept, and it is the sum of all
///   `ledgerBalanceOf` at every moment.
/// - Epochs are calendar months, so they differ in length: `epochLength` is the current one's.
interface IERC7818Views {
    enum EPOCH_TYPE {
        BLOCKS_BASED,
        TIME_BASED
    }

    /// @notice Points of `account` earned in `epoch`; 0 when they have expired.
    function balanceOfAtEpoch(uint256 epoch, address account) external view returns (uint256);

    /// @notice The period that minted points belong to now.
    function currentEpoch() external view returns (uint256);

    /// @notice Seconds in the current period; the maximum for a program without expiry.
    function epochLength() external view returns (uint256);

    /// @notice Always `TIME_BASED`.
    function epochType() external view returns (EPOCH_TYPE);

    /// @notice For how many whole periods points live after the one they were earned in.
    function validityDuration() external view returns (uint256);

    /// @notice Whether points earned in `epoch` have expired.
    function isEpochExpired(uint256 epoch) external view returns (bool);

    /// @notice Always reverts with `NonTransferable()`.
    function transferAtEpoch(uint256 epoch, address to, uint256 value) external returns (bool);

    /// @notice Always reverts with `NonTransferable()`.
    function transferFromAtEpoch(uint256 epoch, address from, address to, uint256 value)
        external
        returns (bool);
}
