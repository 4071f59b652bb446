// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramLife} from "./IProgramLife.sol";

/// @title The issuer of many programs.
/// @notice Three roles, each as weak as its job allows. Operators settle batches; each operator key
/// is one lane with a nonce stream of its own, so several may settle different programs at the same
/// time. The guardian can only stop minting. The admin names the others, allows minting again, and
/// announces what changes. A new operator, guardian or admin waits for `roleDelay`: time to see the
/// event and object. Taking a role away works at once.
interface ISettlement {
    /// @notice One batch for one program; see `ILoyaltyProgram.applyBatch`.
    struct Batch {
        address program;
        uint64 seq;
        bytes32 receiptsRoot;
        uint256[] words;
    }

    /// @notice `operator` was named; it may settle from the `OperatorActive` after this log on.
    event OperatorAdded(address indexed operator);

    /// @notice `operator` may settle from `activeFrom` on.
    event OperatorActive(address indexed operator, uint256 activeFrom);

    /// @notice `operator` may no longer settle.
    event OperatorRemoved(address indexed operator);

    /// @notice `next` will be the guardian from `activeFrom` on.
    event GuardianNamed(address indexed next, uint256 activeFrom);

    /// @notice The guardian is now `current`; the zero address means nobody. A change after the
    /// deployment is announced by `GuardianNamed` and logged here when it was taken up.
    event GuardianChanged(address indexed previous, address indexed current);

    /// @notice `pending` may take the admin role with `acceptAdmin`.
    event AdminTransferStarted(address indexed current, address indexed pending);

    /// @notice The admin is now `current`.
    event AdminChanged(address indexed previous, address indexed current);

    /// @notice `account` stopped minting of `program`.
    event ProgramPaused(address indexed program, address indexed account);

    /// @notice `account` allowed minting of `program` again.
    event ProgramUnpaused(address indexed program, address indexed account);

    /// @notice The caller is not an operator.
    error NotOperator();

    /// @notice The caller is neither the guardian nor the admin.
    error NotGuardian();

    /// @notice The caller is not the admin.
    error NotAdmin();

    /// @notice The caller was not named as the next admin.
    error NotPendingAdmin();

    /// @notice A role cannot be given to the zero address.
    error ZeroAddress();

    /// @notice `operator` already is one.
    error AlreadyOperator(address operator);

    /// @notice `operator` is not one.
    error UnknownOperator(address operator);

    /// @notice The role can be taken from `activeFrom` on, not before.
    error TooEarly(uint256 activeFrom);

    /// @notice `settle` was called without a batch.
    error NoBatches();

    /// @notice Apply batches of one or several programs, all or nothing. Operators only.
    /// @dev The errors of the programs come through unchanged.
    function settle(Batch[] calldata batches) external;

    /// @notice Move a member to a new address; see `IProgramBatch.rebind`. Operators only.
    function rebind(
        address program,
        uint64 seq,
        bytes32 receiptsRoot,
        address from,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Issue badges; see `ILoyaltyBadge.issue`. Operators only.
    function issueBadges(address badge, uint256[] calldata ids) external;

    /// @notice Revoke badges; see `ILoyaltyBadge.revoke`. Operators only.
    function revokeBadges(address badge, uint256[] calldata ids) external;

    /// @notice See `IProgramLife.setLimits`. Admin only.
    function setLimits(address program, IProgramLife.Limits calldata wanted) external;

    /// @notice See `IProgramLife.announceTerms`. Admin only.
    function announceTerms(
        address program,
        bytes32 hash,
        string calldata uri,
        uint256 effectiveAt
    ) external;

    /// @notice See `IProgramLife.announceClosing`. Admin only.
    function announceClosing(address program, uint256 redemptionUntil) external;

    /// @notice Stop minting of `program`; burning goes on. Guardian or admin.
    function pause(address program) external;

    /// @notice Allow minting of `program` again. Admin only.
    function unpause(address program) external;

    /// @notice Give `operator` a lane, after `roleDelay`. Admin only.
    function addOperator(address operator) external;

    /// @notice Take the lane of `operator` away, at once. Admin only.
    function removeOperator(address operator) external;

    /// @notice Name the guardian after `roleDelay`, or nobody with the zero address. The one before
    /// stays until `acceptGuardian`. Admin only.
    function setGuardian(address guardian) external;

    /// @notice Put the named guardian in place, once the delay is over. Anyone.
    function acceptGuardian() external;

    /// @notice First of two steps: name the next admin (zero withdraws the offer). Admin only.
    function transferAdmin(address pending) external;

    /// @notice Second step, after `roleDelay`: take the role. Only the named next admin.
    function acceptAdmin() external;

    /// @notice The current admin.
    function admin() external view returns (address);

    /// @notice The next admin, or zero.
    function pendingAdmin() external view returns (address);

    /// @notice The current guardian, or zero.
    function guardian() external view returns (address);

    /// @notice Seconds between naming a role and its power; fixed when deployed.
    function roleDelay() external view returns (uint256);

    /// @notice Since when, or from when on, `account` may settle; 0 for never.
    function operatorFrom(address account) external view returns (uint256);

    /// @notice Whether `account` may settle now.
    function isOperator(address account) external view returns (bool);

    /// @notice Whether `account` may create programs that this contract issues.
    /// @dev Asked by the factory. Operators and the admin may.
    function mayCreateProgram(address account) external view returns (bool);

    /// @notice Version of this contract.
    function version() external view returns (uint32);
}
