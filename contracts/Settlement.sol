// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILoyaltyBadge} from "./interfaces/ILoyaltyBadge.sol";
import {ILoyaltyProgram} from "./interfaces/ILoyaltyProgram.sol";
import {IProgramLife} from "./interfaces/IProgramLife.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";

/// @title Settlement: who may tell programs to mint and burn.
/// @notice Holds roles and forwards batches; it keeps no points and no sequence of its own.
contract Settlement is ISettlement {
    /// @inheritdoc ISettlement
    uint32 public constant version = 1;

    /// @inheritdoc ISettlement
    address public admin;
    /// @inheritdoc ISettlement
    address public pendingAdmin;
    /// @inheritdoc ISettlement
    address public guardian;
    /// @inheritdoc ISettlement
    uint256 public immutable roleDelay;

    /// @inheritdoc ISettlement
    mapping(address account => uint256) public operatorFrom;

    address private _nextGuardian;
    /// @dev Zero when no guardian waits.
    uint256 private _guardianFrom;
    uint256 private _adminFrom;

    modifier onlyOperator() {
        require(isOperator(msg.sender), NotOperator());
        _;
    }

    modifier onlyAdmin() {
        require(msg.sender == admin, NotAdmin());
        _;
    }

    /// @param firstAdmin Names all other roles.
    /// @param firstGuardian May stop minting; zero for nobody.
    /// @param firstOperators The first lanes, which do not wait; may be empty.
    /// @param delay Seconds that every later change of role waits.
    constructor(
        address firstAdmin,
        address firstGuardian,
        address[] memory firstOperators,
        uint256 delay
    ) {
        require(firstAdmin != address(0), ZeroAddress());
        roleDelay = delay;
        admin = firstAdmin;
        guardian = firstGuardian;
        emit AdminChanged(address(0), firstAdmin);
        emit GuardianChanged(address(0), firstGuardian);
        for (uint256 i = 0; i < firstOperators.length; ++i) {
            _addOperator(firstOperators[i], block.timestamp);
        }
    }

    /// @inheritdoc ISettlement
    function settle(Batch[] calldata batches) external onlyOperator {
        require(batches.length != 0, NoBatches());
        for (uint256 i = 0; i < batches.length; ++i) {
            Batch calldata batch = batches[i];
            ILoyaltyProgram(batch.program).applyBatch(batch.seq, batch.receiptsRoot, batch.words);
        }
    }

    /// @inheritdoc ISettlement
    function rebind(
        address program,
        uint64 seq,
        bytes32 receiptsRoot,
        address from,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external onlyOperator {
        ILoyaltyProgram(program).rebind(seq, receiptsRoot, from, to, deadline, signature);
    }

    /// @inheritdoc ISettlement
    function issueBadges(address badge, uint256[] calldata ids) external onlyOperator {
        ILoyaltyBadge(badge).issue(ids);
    }

    /// @inheritdoc ISettlement
    function revokeBadges(address badge, uint256[] calldata ids) external onlyOperator {
        ILoyaltyBadge(badge).revoke(ids);
    }

    /// @inheritdoc ISettlement
    function setLimits(address program, IProgramLife.Limits calldata wanted) external onlyAdmin {
        ILoyaltyProgram(program).setLimits(wanted);
    }

    /// @inheritdoc ISettlement
    function announceTerms(
        address program,
        bytes32 hash,
        string calldata uri,
        uint256 effectiveAt
    ) external onlyAdmin {
        ILoyaltyProgram(program).announceTerms(hash, uri, effectiveAt);
    }

    /// @inheritdoc ISettlement
    function announceClosing(address program, uint256 redemptionUntil) external onlyAdmin {
        ILoyaltyProgram(program).announceClosing(redemptionUntil);
    }

    /// @inheritdoc ISettlement
    function pause(address program) external {
        require(msg.sender == guardian || msg.sender == admin, NotGuardian());
        emit ProgramPaused(program, msg.sender);
        ILoyaltyProgram(program).setMintPaused(true);
    }

    /// @inheritdoc ISettlement
    function unpause(address program) external onlyAdmin {
        emit ProgramUnpaused(program, msg.sender);
        ILoyaltyProgram(program).setMintPaused(false);
    }

    /// @inheritdoc ISettlement
    function addOperator(address operator) external onlyAdmin {
        _addOperator(operator, block.timestamp + roleDelay);
    }

    /// @inheritdoc ISettlement
    function removeOperator(address operator) external onlyAdmin {
        require(operatorFrom[operator] != 0, UnknownOperator(operator));
        operatorFrom[operator] = 0;
        emit OperatorRemoved(operator);
    }

    /// @inheritdoc ISettlement
    function setGuardian(address newGuardian) external onlyAdmin {
        _nextGuardian = newGuardian;
        _guardianFrom = block.timestamp + roleDelay;
        emit GuardianNamed(newGuardian, _guardianFrom);
    }

    /// @inheritdoc ISettlement
    function acceptGuardian() external {
        require(
            _guardianFrom != 0 && block.timestamp >= _guardianFrom, TooEarly(_guardianFrom)
        );
        _guardianFrom = 0;
        emit GuardianChanged(guardian, _nextGuardian);
        guardian = _nextGuardian;
    }

    /// @inheritdoc ISettlement
    function transferAdmin(address pending) external onlyAdmin {
        pendingAdmin = pending;
        _adminFrom = block.timestamp + roleDelay;
        emit AdminTransferStarted(admin, pending);
    }

    /// @inheritdoc ISettlement
    function acceptAdmin() external {
        require(msg.sender == pendingAdmin, NotPendingAdmin());
        require(block.timestamp >= _adminFrom, TooEarly(_adminFrom));
        emit AdminChanged(admin, msg.sender);
        admin = msg.sender;
        pendingAdmin = address(0);
    }

    /// @inheritdoc ISettlement
    function mayCreateProgram(address account) external view returns (bool) {
        return isOperator(account) || account == admin;
    }

    /// @inheritdoc ISettlement
    function isOperator(address account) public view returns (bool) {
        uint256 activeFrom = operatorFrom[account];
        return activeFrom != 0 && block.timestamp >= activeFrom;
    }

    function _addOperator(address operator, uint256 activeFrom) private {
        require(operator != address(0), ZeroAddress());
        require(operatorFrom[operator] == 0, AlreadyOperator(operator));
        operatorFrom[operator] = activeFrom;
        emit OperatorAdded(operator);
        emit OperatorActive(operator, activeFrom);
    }
}
