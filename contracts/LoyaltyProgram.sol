// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {ILoyaltyProgram} from "./interfaces/ILoyaltyProgram.sol";

/// @title Logic of a loyalty program, run by EIP-1167 clones with immutable arguments.
/// @notice Immutable: no admin, no upgrade, no initialiser. What a program is (issuer, decimals,
/// name, symbol) is part of its code.
/// @dev Storage layout (proofs read it): slot 0 is the mapping of member words, slot 1 is `_state`.
contract LoyaltyProgram is ILoyaltyProgram {
    /// @dev Everything a batch reads and writes once: one slot.
    struct State {
        uint64 lastSeq;
        bool mintPaused;
        uint128 totalSupply;
    }

    /// @dev A struct of one word, so that its place in storage is computed once per operation.
    struct Member {
        uint256 word;
    }

    /// @inheritdoc ILoyaltyProgram
    uint256 public constant MAX_BATCH_WORDS = 600;

    /// @inheritdoc ILoyaltyProgram
    uint32 public constant version = 1;

    // Batch word: member:160 | kind:8 | age:8 | reason:16 | zero:24 | amount:40.
    uint256 private constant MEMBER_SHIFT = 96;
    uint256 private constant KIND_SHIFT = 88;
    uint256 private constant AGE_SHIFT = 80;
    uint256 private constant AGE_FIELD = 0xff << AGE_SHIFT;
    uint256 private constant ZERO_FIELD = 0xffffff << 40;
    uint256 private constant AMOUNT_MASK = 2 ** 40 - 1;

    uint256 private constant REDEEM = 3;
    uint256 private constant RETURN = 4;
    uint256 private constant RESTORE = 5;
    uint256 private constant ADJUST_DEBIT = 7;
    uint256 private constant LAST_KIND = 7;
    uint256 private constant MAX_AGE = 4;

    /// @dev One bit per kind that burns; the others mint.
    uint256 private constant BURN_KINDS = (1 << REDEEM) | (1 << RETURN) | (1 << ADJUST_DEBIT);

    // Member word: period:16 | nonce:39 | signedOnly:1 | five 40-bit buckets, newest lowest.
    uint256 private constant BUCKETS_MASK = 2 ** 200 - 1;
    uint256 private constant BUCKET_MODULUS = 2 ** 40 - 1;
    uint256 private constant MAX_BALANCE = 2 ** 40 - 2;

    /// @dev Points of version 1 do not age, so every word carries this period. It is not zero, so
    /// that a word never returns to zero and the next mint to an emptied balance stays cheap.
    uint256 private constant PERIOD_MARKER = 1 << 240;

    address private immutable LOGIC = address(this);

    mapping(address member => Member) private _members;
    State private _state;

    modifier onlyIssuer() {
        require(msg.sender == _issuer(), NotIssuer());
        _;
    }

    /// @inheritdoc ILoyaltyProgram
    function applyBatch(uint64 seq, bytes32 receiptsRoot, uint256[] calldata words)
        external
        onlyIssuer
    {
        State memory state = _state;
        require(seq == state.lastSeq + 1, BadSequence(state.lastSeq + 1, seq));
        require(words.length != 0, EmptyBatch());
        require(words.length <= MAX_BATCH_WORDS, BatchTooLarge(words.length, MAX_BATCH_WORDS));

        (uint256 minted, uint256 burned) = _applyWords(words, state.mintPaused);

        state.lastSeq = seq;
        // Cannot wrap: a batch mints less than 2^50, so 2^128 is further away than any chain lives,
        // and nobody burns what was not minted.
        state.totalSupply = uint128(state.totalSupply + minted - burned);
        _state = state;
        emit BatchApplied(seq, receiptsRoot, words.length, minted, burned);
    }

    /// @inheritdoc ILoyaltyProgram
    function setMintPaused(bool paused) external onlyIssuer {
        _state.mintPaused = paused;
        emit MintPauseSet(paused);
    }

    /// @inheritdoc ILoyaltyProgram
    function transfer(address, uint256) external pure returns (bool) {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyProgram
    function transferFrom(address, address, uint256) external pure returns (bool) {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyProgram
    function approve(address, uint256) external pure returns (bool) {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyProgram
    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external pure {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyProgram
    function name() external view returns (string memory value) {
        (,, value,) = _identity();
    }

    /// @inheritdoc ILoyaltyProgram
    function symbol() external view returns (string memory value) {
        (,,, value) = _identity();
    }

    /// @inheritdoc ILoyaltyProgram
    function decimals() external view returns (uint8 value) {
        (, value,,) = _identity();
    }

    /// @inheritdoc ILoyaltyProgram
    function totalSupply() external view returns (uint256) {
        return _state.totalSupply;
    }

    /// @inheritdoc ILoyaltyProgram
    function balanceOf(address member) external view returns (uint256) {
        return _balance(_members[member].word);
    }

    /// @inheritdoc ILoyaltyProgram
    function allowance(address, address) external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc ILoyaltyProgram
    function memberWord(address member) external view returns (uint256) {
        return _members[member].word;
    }

    /// @inheritdoc ILoyaltyProgram
    function issuer() external view returns (address) {
        return _issuer();
    }

    /// @inheritdoc ILoyaltyProgram
    function nextSeq() external view returns (uint64) {
        return _state.lastSeq + 1;
    }

    /// @inheritdoc ILoyaltyProgram
    function mintPaused() external view returns (bool) {
        return _state.mintPaused;
    }

    /// @dev One function, because this loop is what a merchant pays for: every operation in it is
    /// bought once per purchase.
    function _applyWords(uint256[] calldata words, bool paused)
        private
        returns (uint256 minted, uint256 burned)
    {
        // Nothing below can wrap unnoticed: at most 600 amounts below 2^40 are summed, and each
        // balance change is checked against the balance first.
        unchecked {
            for (uint256 index = 0; index < words.length; ++index) {
                uint256 word = words[index];
                uint256 kind = _checkedKind(index, word);
                uint256 amount = word & AMOUNT_MASK;
                address member = address(uint160(word >> MEMBER_SHIFT));
                Member storage record = _members[member];
                uint256 held = record.word;
                uint256 balance = _balance(held);
                if ((BURN_KINDS >> kind) & 1 == 0) {
                    if (paused) revert MintPaused(index);
                    if (balance + amount > MAX_BALANCE) revert BalanceOverflow(index, member);
                    record.word = (held | PERIOD_MARKER) + amount;
                    minted += amount;
                    emit Transfer(address(0), member, amount);
                } else {
                    if (amount > balance) {
                        revert InsufficientBalance(index, member, balance, amount);
                    }
                    record.word = held - amount;
                    burned += amount;
                    emit Transfer(member, address(0), amount);
                }
            }
        }
    }

    /// @dev Refuses a word that does not follow the layout; answers its kind. Separate ifs, because
    /// each `||` would cost as much as two of them.
    function _checkedKind(uint256 index, uint256 word) private pure returns (uint256 kind) {
        kind = (word >> KIND_SHIFT) & 0xff;
        unchecked {
            // Wraps for kind 0, which is thereby unknown too.
            if (kind - 1 >= LAST_KIND) revert MalformedWord(index);
        }
        if (word & AMOUNT_MASK == 0) revert MalformedWord(index);
        if (word >> MEMBER_SHIFT == 0) revert MalformedWord(index);
        if (word & (AGE_FIELD | ZERO_FIELD) != 0) {
            bool restorable = kind == RESTORE && (word & AGE_FIELD) >> AGE_SHIFT <= MAX_AGE;
            if (!restorable || word & ZERO_FIELD != 0) revert MalformedWord(index);
        }
    }

    /// @dev The sum of the five buckets in one step: 2^40 is 1 modulo 2^40 - 1, so the buckets read
    /// as one number are congruent to their sum, and a sum of at most 2^40 - 2 is its own residue.
    function _balance(uint256 word) private pure returns (uint256) {
        return (word & BUCKETS_MASK) % BUCKET_MODULUS;
    }

    function _issuer() private view returns (address) {
        return abi.decode(_arguments(), (address));
    }

    function _identity() private view returns (address, uint8, string memory, string memory) {
        return abi.decode(_arguments(), (address, uint8, string, string));
    }

    function _arguments() private view returns (bytes memory) {
        require(address(this) != LOGIC, NotAProgram());
        return Clones.fetchCloneArgs(address(this));
    }
}
