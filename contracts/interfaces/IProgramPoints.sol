// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7818Views} from "./IERC7818Views.sol";

/// @title What wallets, explorers and auditors read of a program.
/// @notice ERC-20 shaped, non-transferable by construction: no function moves points between
/// members, and no `Approval` is ever emitted.
interface IProgramPoints is IERC7818Views {
    /// @notice Points belong to the member who earned them: no transfer, no allowance.
    error NonTransferable();

    /// @notice Always reverts with `NonTransferable()`.
    function transfer(address to, uint256 value) external returns (bool);

    /// @notice Always reverts with `NonTransferable()`.
    function transferFrom(address from, address to, uint256 value) external returns (bool);

    /// @notice Always reverts with `NonTransferable()`.
    function approve(address spender, uint256 value) external returns (bool);

    /// @notice Always reverts with `NonTransferable()`.
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Name of the program.
    function name() external view returns (string memory);

    /// @notice Symbol of its points.
    function symbol() external view returns (string memory);

    /// @notice 0 for points, 2 for a cashback pot.
    function decimals() external view returns (uint8);

    /// @notice Points in the ledger: exactly the sum of all `ledgerBalanceOf`.
    function totalSupply() external view returns (uint256);

    /// @notice Points that `member` can spend now: those that have expired are not among them.
    function balanceOf(address member) external view returns (uint256);

    /// @notice Points in the ledger of `member`, those included that expired and were not swept
    /// yet: the sum of all `Transfer`s.
    function ledgerBalanceOf(address member) external view returns (uint256);

    /// @notice Always 0.
    function allowance(address owner, address spender) external view returns (uint256);

    /// @notice Live points by age in periods; the current period's first.
    /// @return period The period that ages count from: the current one.
    function bucketsOf(address member)
        external
        view
        returns (uint256 period, uint256[5] memory buckets);

    /// @notice Points of `member` that can be spent now and will have expired by `until`.
    function expiringOf(address member, uint256 until) external view returns (uint256);

    /// @notice The first second of period `period`.
    function periodStart(uint256 period) external view returns (uint256);

    /// @notice The first second at which points earned in `period` are gone.
    function expiresAt(uint256 period) external view returns (uint256);

    /// @notice Calendar months per period: 1, 3, 6 or 12; 0 when points never expire.
    function periodMonths() external view returns (uint256);

    /// @notice The program's time: minutes to add to UTC.
    function utcOffsetMinutes() external view returns (int256);

    /// @notice The storage word of `member`, as the contract keeps it:
    /// `period:16 | nonce:39 | signedOnly:1 | five 40-bit buckets, newest lowest`.
    function memberWord(address member) external view returns (uint256);

    /// @notice Whether a receipt belongs to a batch of this program.
    /// @param root `receiptsRoot` of the `BatchApplied` with this `seq`.
    /// @param index Position of the word in its batch, `count` the batch's `wordCount`.
    /// @param word The batch word; for a rebind, `from:160 | 8:8 | zero:88`.
    /// @param commitment The salted commitment to what the chain does not show.
    /// @param proof Sibling hashes from the leaf up.
    function verifyReceipt(
        bytes32 root,
        uint64 seq,
        uint32 index,
        uint32 count,
        uint256 word,
        bytes32 commitment,
        bytes32[] calldata proof
    ) external view returns (bool);

    /// @notice ERC-7572: where the program's metadata is.
    function contractURI() external view returns (string memory);

    /// @notice ERC-165.
    function supportsInterface(bytes4 interfaceId) external view returns (bool);

    /// @notice The only account that may apply batches: a settlement contract.
    function issuer() external view returns (address);

    /// @notice Version of the logic behind this program.
    function version() external view returns (uint32);
}
