// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramLife} from "../interfaces/IProgramLife.sol";
import {Calendar} from "./Calendar.sol";
import {ProgramBatch} from "./ProgramBatch.sol";
import {ProgramRules} from "./ProgramRules.sol";

/// @title Limits, terms and the end of a program: what may change, after its notice.
abstract contract ProgramLife is IProgramLife, ProgramBatch {
    using ProgramRules for uint256;

    /// @inheritdoc IProgramLife
    function setMintPaused(bool paused) external onlyIssuer {
        State memory state = _loadState();
        state.mintPaused = paused;
        _storeState(state);
        emit MintPauseSet(paused);
    }

    /// @inheritdoc IProgramLife
    function setLimits(Limits calldata wanted) external onlyIssuer {
        (uint256 rules, uint256 birthLimits) = _fixedArguments();
        (Limits memory now_,) = _limitsNow(birthLimits);
        bool raises = wanted.supplyCap > now_.supplyCap || wanted.mintPerDay > now_.mintPerDay
            || wanted.debitPerDay > now_.debitPerDay;
        if (wanted.supplyCap < now_.supplyCap) now_.supplyCap = wanted.supplyCap;
        if (wanted.mintPerDay < now_.mintPerDay) now_.mintPerDay = wanted.mintPerDay;
        if (wanted.debitPerDay < now_.debitPerDay) now_.debitPerDay = wanted.debitPerDay;

        _frame.written = true;
        _frame.supplyCap = now_.supplyCap;
        _frame.mintPerDay = now_.mintPerDay;
        _frame.debitPerDay = now_.debitPerDay;
        _frame.raiseAt = raises ? uint40(block.timestamp + rules.noticeSeconds()) : 0;
        _wantedLimits = wanted;
        emit LimitsChanged(now_.supplyCap, now_.mintPerDay, now_.debitPerDay);
        if (raises) {
            emit LimitsAnnounced(
                wanted.supplyCap, wanted.mintPerDay, wanted.debitPerDay, _frame.raiseAt
            );
        }
    }

    /// @inheritdoc IProgramLife
    function announceTerms(bytes32 hash, string calldata uri, uint256 effectiveAt)
        external
        onlyIssuer
    {
        require(hash != 0, EmptyTerms());
        _requireNotice(effectiveAt);
        if (_nextTerms.effectiveAt != 0 && _nextTerms.effectiveAt <= block.timestamp) {
            _terms.hash = _nextTerms.hash;
            _terms.uri = _nextTerms.uri;
        }
        _nextTerms = AnnouncedTerms({effectiveAt: effectiveAt, hash: hash, uri: uri});
        emit TermsAnnounced(hash, uri, effectiveAt);
    }

    /// @inheritdoc IProgramLife
    function announceClosing(uint256 until) external onlyIssuer {
        require(_frame.redemptionUntil == 0, AlreadyClosing(_frame.redemptionUntil));
        _requireNotice(until);
        // A date beyond the field's 34,000 years is the field's last.
        _frame.redemptionUntil = until > type(uint40).max ? type(uint40).max : uint40(until);
        emit ClosingAnnounced(_frame.redemptionUntil);
    }

    /// @inheritdoc IProgramLife
    function mintPaused() external view returns (bool) {
        return _loadState().mintPaused;
    }

    /// @inheritdoc IProgramLife
    function limits() external view returns (Limits memory current) {
        (, uint256 birthLimits) = _fixedArguments();
        (current,) = _limitsNow(birthLimits);
    }

    /// @inheritdoc IProgramLife
    function announcedLimits()
        external
        view
        returns (Limits memory wanted, uint256 effectiveAt)
    {
        if (_frame.raiseAt <= block.timestamp) return (wanted, 0);
        return (_wantedLimits, _frame.raiseAt);
    }

    /// @inheritdoc IProgramLife
    function budgetsLeft()
        external
        view
        returns (uint256 mintLeft, uint256 debitLeft, uint256 renewsAt)
    {
        (uint256 rules, uint256 birthLimits) = _fixedArguments();
        (Limits memory now_,) = _limitsNow(birthLimits);
        State memory state = _loadState();
        int256 offset = rules.utcOffsetMinutes();
        uint256 today = Calendar.dayAt(block.timestamp, offset);
        bool sameDay = state.day == today;
        mintLeft = _left(now_.mintPerDay, sameDay ? state.mintedToday : 0);
        debitLeft = _left(now_.debitPerDay, sameDay ? state.debitedToday : 0);
        renewsAt = uint256(int256((today + 1) * Calendar.DAY) - offset * 60);
    }

    /// @inheritdoc IProgramLife
    function terms() external view returns (bytes32 hash, string memory uri) {
        if (_nextTerms.effectiveAt != 0 && _nextTerms.effectiveAt <= block.timestamp) {
            return (_nextTerms.hash, _nextTerms.uri);
        }
        if (_terms.hash != 0) return (_terms.hash, _terms.uri);
        Identity memory identity = _identity();
        return (identity.termsHash, identity.termsURI);
    }

    /// @inheritdoc IProgramLife
    function announcedTerms()
        external
        view
        returns (bytes32 hash, string memory uri, uint256 effectiveAt)
    {
        if (_nextTerms.effectiveAt <= block.timestamp) return (0, "", 0);
        return (_nextTerms.hash, _nextTerms.uri, _nextTerms.effectiveAt);
    }

    /// @inheritdoc IProgramLife
    function noticePeriod() external view returns (uint256) {
        return _rules().noticeSeconds();
    }

    /// @inheritdoc IProgramLife
    function redemptionUntil() external view returns (uint256) {
        return _frame.redemptionUntil;
    }

    function _requireNotice(uint256 given) private view {
        uint256 earliest = block.timestamp + _rules().noticeSeconds();
        require(given >= earliest, NoticeTooShort(earliest, given));
    }
}
