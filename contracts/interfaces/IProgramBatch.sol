// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the issuer does to points: batches, in a strict and gapless sequence.
/// @notice A batch word packs one operation, from the highest to the lowest bits:
///
///     member address:160 | kind:8 | age:8 | reason:16 | zero:24 | amount:40
///
/// | kind | name          | effect | age                                             |
/// |------|---------------|--------|-------------------------------------------------|
/// | 1    | ACCRUE        | mint   | 0                                               |
/// | 2    | BONUS         | mint   | 0                                               |
/// | 3    | REDEEM        | burn   | 0                                               |
/// | 4    | RETURN        | burn   | 0; takes what there is, reports the rest        |
/// | 5    | RESTORE       | mint   | 0 to the validity: periods since first earned   |
/// | 6    | ADJUST_CREDIT | mint   | 0                                               |
/// | 7    | ADJUST_DEBIT  | burn   | 0                                               |
///
/// `reason` is the issuer's own code; it is published in the calldata and not interpreted, except
/// that an adjustment must have one: 0 is refused. Burns take the oldest points first. Minted
/// points belong to the period of the block that mints them, restored ones to the period `age`
/// before it. The kinds that burn never touch a member who answers to signatures only.
interface IProgramBatch {
    /// @notice Points of `from` or `to` changed; the zero address stands for mint and burn. A mint
    /// is of the block's period unless `Restored` or `Rebound` follows; a burn takes the oldest.
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice A batch was applied as a whole.
    /// @param seq Its place in the sequence; the first batch is 1.
    /// @param receiptsRoot Merkle root of the salted receipts behind its words.
    /// @param wordCount Number of operations in the batch.
    /// @param minted Sum of all points minted by it.
    /// @param burned Sum of all points burned by it, those included that lapsed when touched.
    event BatchApplied(
        uint64 indexed seq,
        bytes32 receiptsRoot,
        uint256 wordCount,
        uint256 minted,
        uint256 burned
    );

    /// @notice `amount` points of `member` had expired and were swept now. The burn `Transfer` of
    /// the same points is the log directly before this one.
    event Lapsed(address indexed member, uint256 amount);

    /// @notice `amount` points came back to `member` as old as they had been: they belong to the
    /// period `age` periods before the block's. The mint `Transfer` of the same points is the log
    /// directly before this one.
    event Restored(address indexed member, uint256 amount, uint256 age);

    /// @notice A RETURN of `amount` found too little: `unpaid` points remain owed, outside.
    event ReturnShort(address indexed member, uint256 amount, uint256 unpaid);

    /// @notice All points of `from`, `amount` in all, are now held by `to`, every lot with its age.
    /// If `from` answered to signatures only, so does `to`, and a signature of `from` was used. A
    /// burn and a mint `Transfer` stand directly before, unless there was nothing to move.
    event Rebound(address indexed from, address indexed to, uint256 amount);

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

    /// @notice The word at `index` mints, but the program is closing.
    error ProgramClosing(uint256 index);

    /// @notice The redemption window of this closing program is over.
    error ProgramClosed(uint256 redemptionUntil);

    /// @notice The word at `index` burns more than the member holds.
    error InsufficientBalance(uint256 index, address member, uint256 balance, uint256 amount);

    /// @notice The word at `index` lifts a balance above 2^40 - 2.
    error BalanceOverflow(uint256 index, address member);

    /// @notice Only a signature of `member` can do what the operation at `index` asks for.
    error SignatureRequired(uint256 index, address member);

    /// @notice The supply would be above the cap.
    error SupplyCapExceeded(uint256 cap, uint256 supply);

    /// @notice The day's mint budget does not cover the batch.
    error MintBudgetExceeded(uint256 available, uint256 needed);

    /// @notice The day's budget for debits by the operator does not cover the batch.
    error DebitBudgetExceeded(uint256 available, uint256 needed);

    /// @notice `to` cannot take over: it is zero, or was used in this program before.
    error BadTarget(address to);

    /// @notice Apply the next batch, wholly or not at all. Issuer only.
    /// @param seq Must be `nextSeq()`: replay, reorder and double settlement are impossible.
    /// @param receiptsRoot Merkle root of the receipts; stored in the event only.
    /// @param words One to `MAX_BATCH_WORDS` packed operations, applied in order.
    function applyBatch(uint64 seq, bytes32 receiptsRoot, uint256[] calldata words) external;

    /// @notice Move everything a member holds to an address that was never used here: a lost card,
    /// a first key. A batch of its own, of one operation: it takes the next sequence number and
    /// emits `BatchApplied`. Counts against the debit budget. Issuer only.
    /// @param deadline Last second at which the signature holds; without one, ignored.
    /// @param signature Empty, or the consent of `from` to `Rebind`, which a member who answers to
    /// signatures only must give.
    function rebind(
        uint64 seq,
        bytes32 receiptsRoot,
        address from,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Sweep points that have expired. Anyone may; it changes nobody's live balance.
    function expire(address[] calldata members) external;

    /// @notice Sequence number that the next batch must carry.
    function nextSeq() external view returns (uint64);

    /// @notice Largest number of words in one batch.
    function MAX_BATCH_WORDS() external view returns (uint256);
}
