// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

import {IERC7818Views} from "./interfaces/IERC7818Views.sol";
import {ILoyaltyProgram} from "./interfaces/ILoyaltyProgram.sol";
import {IProgramPoints} from "./interfaces/IProgramPoints.sol";
import {Calendar} from "./program/Calendar.sol";
import {MemberWord} from "./program/MemberWord.sol";
import {ProgramLife} from "./program/ProgramLife.sol";
import {ProgramRules} from "./program/ProgramRules.sol";
import {Receipts} from "./program/Receipts.sol";

/// @title Logic of a loyalty program, run by EIP-1167 clones with immutable arguments.
/// @notice Immutable: no admin, no upgrade, no initialiser. What a program is (issuer, decimals,
/// periods, validity, notice, name, symbol) is part of its code. This file holds what is read;
/// ProgramBatch, ProgramConsent and ProgramLife hold what is done.
contract LoyaltyProgram is ILoyaltyProgram, ProgramLife {
    using ProgramRules for uint256;

    /// @dev ERC-7572 has one function.
    bytes4 private constant ERC7572_ID = bytes4(keccak256("contractURI()"));

    /// @inheritdoc IProgramPoints
    uint32 public constant version = 1;

    /// @inheritdoc IProgramPoints
    function transfer(address, uint256) external pure returns (bool) {
        revert NonTransferable();
    }

    /// @inheritdoc IProgramPoints
    function transferFrom(address, address, uint256) external pure returns (bool) {
        revert NonTransferable();
    }

    /// @inheritdoc IProgramPoints
    function approve(address, uint256) external pure returns (bool) {
        revert NonTransferable();
    }

    /// @inheritdoc IProgramPoints
    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external pure {
        revert NonTransferable();
    }

    /// @inheritdoc IERC7818Views
    function transferAtEpoch(uint256, address, uint256) external pure returns (bool) {
        revert NonTransferable();
    }

    /// @inheritdoc IERC7818Views
    function transferFromAtEpoch(uint256, address, address, uint256)
        external
        pure
        returns (bool)
    {
        revert NonTransferable();
    }

    /// @inheritdoc IProgramPoints
    function name() external view returns (string memory) {
        return _identity().name;
    }

    /// @inheritdoc IProgramPoints
    function symbol() external view returns (string memory) {
        return _identity().symbol;
    }

    /// @inheritdoc IProgramPoints
    function decimals() external view returns (uint8) {
        return _rules().decimals();
    }

    /// @inheritdoc IProgramPoints
    function contractURI() external view returns (string memory) {
        return _identity().contractURI;
    }

    /// @inheritdoc IProgramPoints
    function totalSupply() external view returns (uint256) {
        return _loadState().totalSupply;
    }

    /// @inheritdoc IProgramPoints
    function balanceOf(address member) external view returns (uint256) {
        return MemberWord.balance(_wordNow(member));
    }

    /// @inheritdoc IProgramPoints
    function ledgerBalanceOf(address member) external view returns (uint256) {
        return MemberWord.balance(_wordOf(member));
    }

    /// @inheritdoc IProgramPoints
    function allowance(address, address) external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IProgramPoints
    function memberWord(address member) external view returns (uint256) {
        return _wordOf(member);
    }

    /// @inheritdoc IProgramPoints
    function bucketsOf(address member)
        external
        view
        returns (uint256 period, uint256[5] memory buckets)
    {
        uint256 word = _wordNow(member);
        period = currentEpoch();
        for (uint256 age = 0; age < MemberWord.BUCKETS; ++age) {
            buckets[age] = MemberWord.bucket(word, age);
        }
    }

    /// @inheritdoc IProgramPoints
    function expiringOf(address member, uint256 until) external view returns (uint256) {
        // What is gone by a moment in the past is not held now, and 1970 has no local time.
        if (until <= block.timestamp) return 0;
        uint256 rules = _rules();
        uint256 word = _wordNow(member);
        // Later than the calendar of this contract can count means as late as it can.
        uint256 moment = until < type(uint40).max ? until : type(uint40).max;
        uint256 later = MemberWord.aged(
            word, _period(rules, moment), MemberWord.liveMask(rules.validityPeriods())
        );
        return MemberWord.balance(word) - MemberWord.balance(later);
    }

    /// @inheritdoc IERC7818Views
    function balanceOfAtEpoch(uint256 epoch, address account) external view returns (uint256) {
        uint256 current = currentEpoch();
        return epoch > current ? 0 : MemberWord.bucket(_wordNow(account), current - epoch);
    }

    /// @inheritdoc IERC7818Views
    function currentEpoch() public view returns (uint256) {
        return _period(_rules(), block.timestamp);
    }

    /// @inheritdoc IERC7818Views
    function epochLength() external view returns (uint256) {
        uint256 current = currentEpoch();
        return periodStart(current + 1) - periodStart(current);
    }

    /// @inheritdoc IERC7818Views
    function epochType() external pure returns (EPOCH_TYPE) {
        return EPOCH_TYPE.TIME_BASED;
    }

    /// @inheritdoc IERC7818Views
    function validityDuration() public view returns (uint256) {
        return _rules().validityPeriods();
    }

    /// @inheritdoc IERC7818Views
    function isEpochExpired(uint256 epoch) external view returns (bool) {
        uint256 current = currentEpoch();
        return epoch < current && current - epoch > validityDuration();
    }

    /// @inheritdoc IProgramPoints
    function periodStart(uint256 period) public view returns (uint256) {
        uint256 rules = _rules();
        return Calendar.startOf(period, rules.periodMonths(), rules.utcOffsetMinutes());
    }

    /// @inheritdoc IProgramPoints
    function expiresAt(uint256 period) external view returns (uint256) {
        return periodStart(period + validityDuration() + 1);
    }

    /// @inheritdoc IProgramPoints
    function periodMonths() external view returns (uint256) {
        return _rules().periodMonths();
    }

    /// @inheritdoc IProgramPoints
    function utcOffsetMinutes() external view returns (int256) {
        return _rules().utcOffsetMinutes();
    }

    /// @inheritdoc IProgramPoints
    function verifyReceipt(
        bytes32 root,
        uint64 seq,
        uint32 index,
        uint32 count,
        uint256 word,
        bytes32 commitment,
        bytes32[] calldata proof
    ) external view returns (bool) {
        bytes32 leaf = Receipts.leaf(address(this), seq, index, word, commitment);
        return Receipts.verify(root, leaf, index, count, proof);
    }

    /// @inheritdoc IProgramPoints
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC20).interfaceId
            || interfaceId == type(IERC20Metadata).interfaceId
            || interfaceId == type(IERC7818Views).interfaceId
            || interfaceId == type(IERC5267).interfaceId || interfaceId == ERC7572_ID;
    }

    /// @inheritdoc IProgramPoints
    function issuer() external view returns (address) {
        return _rules().issuer();
    }

    function _wordNow(address member) private view returns (uint256) {
        uint256 rules = _rules();
        return MemberWord.aged(
            _wordOf(member),
            _period(rules, block.timestamp),
            MemberWord.liveMask(rules.validityPeriods())
        );
    }
}
