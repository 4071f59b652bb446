// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One loyalty program: points that a member holds and nobody can move.
/// @notice ERC-20 shaped for wallets and explorers, non-transferable by construction. Points are
/// minted and burned only by batches that the issuer applies in a strict, gapless sequence.
///
/// A batch word packs one operation, from the highest to the lowest bits:
///
///     member address:160 | kind:8 | age:8 | reason:16 | zero:24 | amount:40
///
/// | kind | name          | effect | age                                |
/// |------|---------------|--------|------------------------------------|
/// | 1    | ACCRUE        | mint   | 0                                  |
/// | 2    | BONUS         | mint   | 0                                  |
/// | 3    | REDEEM        | burn   | 0                                  |
/// | 4    | RETURN        | burn   | 0                                  |
/// | 5    | RESTORE       | mint   | 0 to 4: periods since first earned |
/// | 6    | ADJUST_CREDIT | mint   | 0                                  |
/// | 7    | ADJUST_DEBIT  | burn   | 0                                  |
///
/// `reason` is the issuer's own code; it is published in the calldata and not interpreted.
/// In version 1 points do not age: the age of a RESTORE is checked but has no effect.
interface ILoyaltyProgram {
    /// @notice Points of `from` or `to` changed; the zero address stands for mint and burn.
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice A batch was applied as a whole.
    /// @param seq Its place in the sequence; the first batch is 1.
    /// @param receiptsRoot Merkle root of the salted receipts behind its words.
    /// @param wordCount Number of operations in the batch.
    /// @param minted Sum of all points minted by it.
    /// @param burned Sum of all points burned by it.
    event BatchApplied(
        uint64 indexed seq,
        bytes32 receiptsRoot,
        uint256 wordCount,
        uint256 minted,
        uint256 burned
    );

    /// @notice Minting was stopped or allowed again. Burning is never stopped.
    event MintPauseSet(bool paused);

    /// @notice Points belong to the member who earned them: no transfer, no allowance.
    error NonTransferable();

    /// @notice Only the issuer of this program may call this function.
    error NotIssuer();

    /// @notice The logic contract itself is not a program; call a clone made by the factory.
    error NotAProgram();

    /// @notice The batch is not the next one.
    error BadSequence(uint64 expected, uint64 given);

    /// @notice A batch holds at least one word.
    error EmptyBatch();

    /// @notice A batch holds at most `MAX_BATCH_WORDS` words.
    error BatchTooLarge(uint256 given, uint256 limit);

    /// @notice The word at `index` does not follow the layout.
    error MalformedWord(uint256 index);

    /// @notice The word at `index` mints while minting is paused.
    error MintPaused(uint256 index);

    /// @notice The word at `index` burns more than the member holds.
    error InsufficientBalance(uint256 index, address member, uint256 balance, uint256 amount);

    /// @notice The word at `index` lifts a balance above 2^40 - 2.
    error BalanceOverflow(uint256 index, address member);

    /// @notice Apply the next batch, wholly or not at all. Issuer only.
    /// @param seq Must be `nextSeq()`: replay, reorder and double settlement are impossible.
    /// @param receiptsRoot Merkle root of the receipts; stored in the event only.
    /// @param words One to `MAX_BATCH_WORDS` packed operations, applied in order.
    function applyBatch(uint64 seq, bytes32 receiptsRoot, uint256[] calldata words) external;

    /// @notice Stop or allow minting. Issuer only.
    function setMintPaused(bool paused) external;

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

    /// @notice Points in circulation: exactly the sum of all balances.
    function totalSupply() external view returns (uint256);

    /// @notice Points that `member` holds.
    function balanceOf(address member) external view returns (uint256);

    /// @notice Always 0.
    function allowance(address owner, address spender) external view returns (uint256);

    /// @notice The storage word of `member`, as the contract keeps it:
    /// `period:16 | nonce:39 | signedOnly:1 | five 40-bit buckets, newest lowest`.
    function memberWord(address member) external view returns (uint256);

    /// @notice The only account that may apply batches: a settlement contract.
    function issuer() external view returns (address);

    /// @notice Sequence number that the next batch must carry.
    function nextSeq() external view returns (uint64);

    /// @notice Whether minting is paused.
    function mintPaused() external view returns (bool);

    /// @notice Largest number of words in one batch.
    function MAX_BATCH_WORDS() external view returns (uint256);

    /// @notice Version of the logic behind this program.
    function version() external view returns (uint32);
}
