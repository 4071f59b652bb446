// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The issuer of many programs.
/// @notice Three roles, each as weak as its job allows. Operators settle batches; each operator key
/// is one lane with a nonce stream of its own, so several may settle different programs at the same
/// time. The guardian can only stop minting. The admin names the others and allows minting again.
interface ISettlement {
    /// @notice One batch for one program; see `ILoyaltyProgram.applyBatch`.
    struct Batch {
        address program;
        uint64 seq;
        bytes32 receiptsRoot;
        uint256[] words;
    }

    /// @notice `operator` may settle from now on.
    event OperatorAdded(address indexed operator);

    /// @notice `operator` may no longer settle.
    event OperatorRemoved(address indexed operator);

    /// @notice The guardian is now `current`; the zero address means nobody.
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

    /// @notice `settle` was called without a batch.
    error NoBatches();

    /// @notice Apply batches of one or several programs, all or nothing. Operators only.
    /// @dev The errors of the programs come through unchanged.
    function settle(Batch[] calldata batches) external;

    /// @notice Stop minting of `program`; burning goes on. Guardian or admin.
    function pause(address program) external;

    /// @notice Allow minting of `program` again. Admin only.
    function unpause(address program) external;

    /// @notice Give `operator` a lane. Admin only.
    function addOperator(address operator) external;

    /// @notice Take the lane of `operator` away, at once. Admin only.
    function removeOperator(address operator) external;

    /// @notice Name the guardian, or nobody with the zero address. Admin only.
    function setGuardian(address guardian) external;

    /// @notice First of two steps: name the next admin (zero withdraws the offer). Admin only.
    function transferAdmin(address pending) external;

    /// @notice Second step: take the role. Only the named next admin.
    function acceptAdmin() external;

    /// @notice The current admin.
    function admin() external view returns (address);

    /// @notice The next admin, or zero.
    function pendingAdmin() external view returns (address);

    /// @notice The current guardian, or zero.
    function guardian() external view returns (address);

    /// @notice Whether `account` may settle.
    function isOperator(address account) external view returns (bool);

    /// @notice Whether `account` may create programs that this contract issues.
    /// @dev Asked by the factory. Operators and the admin may.
    function mayCreateProgram(address account) external view returns (bool);

    /// @notice Version of this contract.
    function version() external view returns (uint32);
}
