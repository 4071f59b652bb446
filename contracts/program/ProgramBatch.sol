// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramBatch} from "../interfaces/IProgramBatch.sol";
import {IProgramLife} from "../interfaces/IProgramLife.sol";
import {MemberWord} from "./MemberWord.sol";
import {ProgramLimits} from "./ProgramLimits.sol";
import {ProgramRules} from "./ProgramRules.sol";

/// @title Batches: the only way to mint, and the operator's only way to burn.
abstract contract ProgramBatch is IProgramBatch, ProgramLimits {
    using ProgramRules for uint256;

    /// @dev A batch under way. `plain` is what the checked fields of an accrual look like while
    /// minting is open, and something no word can look like while it is not.
    struct Batch {
        Tally tally;
        uint256 validity;
        uint256 plain;
        bool paused;
        bool closing;
        bool signedOnly;
    }

    /// @inheritdoc IProgramBatch
    uint256 public constant MAX_BATCH_WORDS = 600;

    // Batch word: member:160 | kind:8 | age:8 | reason:16 | zero:24 | amount:40.
    uint256 private constant MEMBER_SHIFT = 96;
    uint256 private constant KIND_SHIFT = 88;
    uint256 private constant AGE_SHIFT = 80;
    uint256 private constant AGE_FIELD = 0xff << AGE_SHIFT;
    uint256 private constant REASON_FIELD = 0xffff << 64;
    uint256 private constant ZERO_FIELD = 0xffffff << 40;
    uint256 private constant AMOUNT_MASK = 0xffffffffff;
    uint256 private constant SHAPE_FIELDS = 0xffff0000ffffff0000000000;

    uint256 private constant ACCRUE = 1;
    uint256 private constant REDEEM = 3;
    uint256 private constant RETURN = 4;
    uint256 private constant RESTORE = 5;
    uint256 private constant ADJUST_CREDIT = 6;
    uint256 private constant ADJUST_DEBIT = 7;

    /// @dev One bit per kind: 1 to 7.
    uint256 private constant KNOWN_KINDS = 0xfe;

    /// @dev One bit per kind that burns; the others mint.
    uint256 private constant BURN_KINDS = (1 << REDEEM) | (1 << RETURN) | (1 << ADJUST_DEBIT);

    uint256 private constant PLAIN_ACCRUAL = ACCRUE << KIND_SHIFT;
    /// @dev Outside SHAPE_FIELDS, so no masked word equals it.
    uint256 private constant NEVER_PLAIN = 1;

    uint256 private constant TRANSFER_TOPIC =
        0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef;

    /// @inheritdoc IProgramBatch
    function applyBatch(uint64 seq, bytes32 receiptsRoot, uint256[] calldata words) external {
        (uint256 rules, uint256 birthLimits) = _fixedArguments();
        require(msg.sender == rules.issuer(), NotIssuer());
        State memory state = _loadState();
        _takeSequence(state, seq);
        require(words.length != 0, EmptyBatch());
        require(words.length <= MAX_BATCH_WORDS, BatchTooLarge(words.length, MAX_BATCH_WORDS));
        (IProgramLife.Limits memory limit, uint256 until) = _limitsNow(birthLimits);
        _requireOpen(until);

        Batch memory batch;
        batch.tally = _newTally(rules);
        batch.validity = rules.validityPeriods();
        batch.paused = state.mintPaused;
        batch.closing = until != 0;
        batch.signedOnly = rules.signedOnly();
        batch.plain = batch.paused || batch.closing ? NEVER_PLAIN : PLAIN_ACCRUAL;
        _applyWords(words, batch);

        _settleTally(state, limit, rules, batch.tally);
        _storeState(state);
        emit BatchApplied(
            seq, receiptsRoot, words.length, batch.tally.minted, batch.tally.burned
        );
    }

    /// @inheritdoc IProgramBatch
    function rebind(
        uint64 seq,
        bytes32 receiptsRoot,
        address from,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external {
        (uint256 rules, uint256 birthLimits) = _fixedArguments();
        require(msg.sender == rules.issuer(), NotIssuer());
        State memory state = _loadState();
        _takeSequence(state, seq);
        (IProgramLife.Limits memory limit, uint256 until) = _limitsNow(birthLimits);
        _requireOpen(until);
        require(to != address(0) && _wordOf(to) == 0, BadTarget(to));

        uint256 held = _wordOf(from);
        if (rules.signedOnly() || held & MemberWord.SIGNED_ONLY != 0) {
            require(signature.length != 0, SignatureRequired(0, from));
            held = _consentToRebind(held, from, to, deadline, signature);
        }
        Tally memory tally = _newTally(rules);
        held = _swept(from, held, tally);
        uint256 moved = MemberWord.balance(held);
        uint256 buckets = held & MemberWord.BUCKETS_MASK;
        _storeWord(from, held ^ buckets);
        // The period keeps the new word from being zero; its nonces start again.
        _storeWord(to, held & ~(MemberWord.NONCE_MASK << MemberWord.NONCE_SHIFT));
        if (moved != 0) {
            emit Transfer(from, address(0), moved);
            emit Transfer(address(0), to, moved);
        }
        emit Rebound(from, to, moved);

        tally.debited = moved;
        _settleTally(state, limit, rules, tally);
        _storeState(state);
        emit BatchApplied(seq, receiptsRoot, 1, moved, tally.burned + moved);
    }

    /// @inheritdoc IProgramBatch
    function expire(address[] calldata members) external {
        Tally memory tally = _newTally(_rules());
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 burned = tally.burned;
            uint256 current = _swept(members[i], _wordOf(members[i]), tally);
            if (tally.burned != burned) _storeWord(members[i], current);
        }
        _burnFromSupply(tally.burned);
    }

    /// @inheritdoc IProgramBatch
    function nextSeq() external view returns (uint64) {
        return _loadState().lastSeq + 1;
    }

    /// @dev This loop is what a merchant pays for: what is in it is bought once per purchase. The
    /// plain case, a well-formed accrual that lapses nothing, is in assembly, because the same in
    /// Solidity (`_applyOther`) costs 8 % more per existing member (contracts/README.md). Whatever
    /// is not plain is left to that function, errors included: this block reverts nothing itself.
    /// A test applies every batch both ways and compares.
    function _applyWords(uint256[] calldata words, Batch memory batch) private {
        uint256 cursor;
        uint256 end;
        assembly ("memory-safe") {
            cursor := words.offset
            end := add(cursor, shl(5, words.length))
        }
        uint256 start = cursor;
        uint256 period = batch.tally.period;
        uint256 fresh = period << MemberWord.PERIOD_SHIFT;
        uint256 live = batch.tally.live;
        uint256 kept = MemberWord.KEPT_MASK;
        uint256 plain = batch.plain;
        uint256 maxBalance = MemberWord.MAX_BALANCE;
        uint256 modulus = MemberWord.BUCKET_MODULUS;
        uint256 bucketsMask = MemberWord.BUCKETS_MASK;
        uint256 minted = 0;
        while (cursor != end) {
            assembly ("memory-safe") {
                for {} 1 {} {
                    let word := calldataload(cursor)
                    let member := shr(MEMBER_SHIFT, word)
                    let amount := and(word, AMOUNT_MASK)
                    // Neither member nor amount is zero, nor the amount above what a balance can
                    // be, 2^40 - 2: such a factor is zero, and 160 and 40 bits cannot wrap.
                    let fits := mul(member, mod(amount, modulus))
                    if or(xor(and(word, SHAPE_FIELDS), plain), iszero(fits)) { break }
                    let slot := shl(96, member)
                    let held := sload(slot)
                    switch held
                    case 0 { sstore(slot, or(fresh, amount)) }
                    default {
                        let points := mod(and(held, bucketsMask), modulus)
                        if gt(add(points, amount), maxBalance) { break }
                        let was := shr(240, held)
                        if lt(was, period) {
                            // MemberWord.aged; where points lapse it is not plain.
                            let buckets := and(shl(mul(40, sub(period, was)), held), live)
                            if xor(mod(buckets, modulus), points) { break }
                            held := or(or(fresh, and(held, kept)), buckets)
                        }
                        sstore(slot, add(held, amount))
                    }
                    // At most 600 amounts below 2^40.
                    minted := add(minted, amount)
                    mstore(0, amount)
                    log3(0, 0x20, TRANSFER_TOPIC, 0, member)
                    cursor := add(cursor, 0x20)
                    if eq(cursor, end) { break }
                }
            }
            if (cursor == end) break;
            uint256 other;
            assembly ("memory-safe") {
                other := calldataload(cursor)
            }
            unchecked {
                _applyOther((cursor - start) / 32, other, batch);
                cursor += 32;
            }
        }
        batch.tally.minted += minted;
    }

    /// @dev One word of any kind. Nothing wraps: what is added is below 2^50 in a whole batch, and
    /// what is taken was compared before.
    function _applyOther(uint256 index, uint256 word, Batch memory batch) private {
        unchecked {
            uint256 kind = _checkedKind(index, word, batch.validity);
            uint256 amount = word & AMOUNT_MASK;
            address member = address(uint160(word >> MEMBER_SHIFT));
            Tally memory tally = batch.tally;
            uint256 held = _wordOf(member);
            if ((BURN_KINDS >> kind) & 1 == 0) {
                if (batch.paused) revert MintPaused(index);
                if (batch.closing) revert ProgramClosing(index);
                held = _swept(member, held, tally);
                if (MemberWord.balance(held) + amount > MemberWord.MAX_BALANCE) {
                    revert BalanceOverflow(index, member);
                }
                uint256 age = (word >> AGE_SHIFT) & 0xff;
                _storeWord(member, held + (amount << (MemberWord.BUCKET_BITS * age)));
                tally.minted += amount;
                emit Transfer(address(0), member, amount);
                if (kind == RESTORE) emit Restored(member, amount, age);
                return;
            }
            bool signatureOnly = batch.signedOnly || held & MemberWord.SIGNED_ONLY != 0;
            held = _swept(member, held, tally);
            uint256 balance = MemberWord.balance(held);
            uint256 taken = amount;
            if (signatureOnly || amount > balance) {
                if (kind != RETURN) {
                    if (signatureOnly) revert SignatureRequired(index, member);
                    revert InsufficientBalance(index, member, balance, amount);
                }
                taken = signatureOnly ? 0 : balance;
                emit ReturnShort(member, amount, amount - taken);
            }
            _storeWord(member, MemberWord.consumed(held, taken));
            if (taken == 0) return;
            tally.burned += taken;
            tally.debited += taken;
            emit Transfer(member, address(0), taken);
        }
    }

    /// @dev Refuses a word that does not follow the layout; answers its kind.
    function _checkedKind(uint256 index, uint256 word, uint256 validity)
        private
        pure
        returns (uint256 kind)
    {
        kind = (word >> KIND_SHIFT) & 0xff;
        bool known = (KNOWN_KINDS >> kind) & 1 != 0;
        if (!known || word & AMOUNT_MASK == 0 || word >> MEMBER_SHIFT == 0) {
            revert MalformedWord(index);
        }
        if (word & (AGE_FIELD | ZERO_FIELD) != 0) {
            bool aged = kind == RESTORE && (word & AGE_FIELD) >> AGE_SHIFT <= validity;
            if (!aged || word & ZERO_FIELD != 0) revert MalformedWord(index);
        }
        if (kind >= ADJUST_CREDIT && word & REASON_FIELD == 0) revert MalformedWord(index);
    }
}
