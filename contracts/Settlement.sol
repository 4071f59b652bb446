// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILoyaltyProgram} from "./interfaces/ILoyaltyProgram.sol";
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
    mapping(address account => bool) public isOperator;

    modifier onlyAdmin() {
        require(msg.sender == admin, NotAdmin());
        _;
    }

    /// @param firstAdmin Names all other roles.
    /// @param firstGuardian May stop minting; zero for nobody.
    /// @param firstOperators The first lanes; may be empty.
    constructor(address firstAdmin, address firstGuardian, address[] memory firstOperators) {
        require(firstAdmin != address(0), ZeroAddress());
        admin = firstAdmin;
        guardian = firstGuardian;
        emit AdminChanged(address(0), firstAdmin);
        emit GuardianChanged(address(0), firstGuardian);
        for (uint256 i = 0; i < firstOperators.length; ++i) {
            _addOperator(firstOperators[i]);
        }
    }

    /// @inheritdoc ISettlement
    function settle(Batch[] calldata batches) external {
        require(isOperator[msg.sender], NotOperator());
        require(batches.length != 0, NoBatches());
        for (uint256 i = 0; i < batches.length; ++i) {
            Batch calldata batch = batches[i];
            ILoyaltyProgram(batch.program).applyBatch(batch.seq, batch.receiptsRoot, batch.words);
        }
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
        _addOperator(operator);
    }

    /// @inheritdoc ISettlement
    function removeOperator(address operator) external onlyAdmin {
        require(isOperator[operator], UnknownOperator(operator));
        isOperator[operator] = false;
        emit OperatorRemoved(operator);
    }

    /// @inheritdoc ISettlement
    function setGuardian(address newGuardian) external onlyAdmin {
        emit GuardianChanged(guardian, newGuardian);
        guardian = newGuardian;
    }

    /// @inheritdoc ISettlement
    function transferAdmin(address pending) external onlyAdmin {
        pendingAdmin = pending;
        emit AdminTransferStarted(admin, pending);
    }

    /// @inheritdoc ISettlement
    function acceptAdmin() external {
        require(msg.sender == pendingAdmin, NotPendingAdmin());
        emit AdminChanged(admin, msg.sender);
        admin = msg.sender;
        pendingAdmin = address(0);
    }

    /// @inheritdoc ISettlement
    function mayCreateProgram(address account) external view returns (bool) {
        return isOperator[account] || account == admin;
    }

    function _addOperator(address operator) private {
        require(operator != address(0), ZeroAddress());
        require(!isOperator[operator], AlreadyOperator(operator));
        isOperator[operator] = true;
        emit OperatorAdded(operator);
    }
}
