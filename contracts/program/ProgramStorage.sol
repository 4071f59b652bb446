// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IProgramBatch} from "../interfaces/IProgramBatch.sol";
import {IProgramLife} from "../interfaces/IProgramLife.sol";
import {Calendar} from "./Calendar.sol";
import {MemberWord} from "./MemberWord.sol";
import {ProgramRules} from "./ProgramRules.sol";

/// @title What a program keeps, and how its parts read it.
/// @dev Storage layout (proofs read it): slot 0 `_nobody`, slot 1 `_state`, slot 2 `_frame`, slot 3
/// `_wantedLimits`, slots 4 to 5 `_terms`, slots 6 to 8 `_nextTerms`. The word of a member is at
/// the slot `address << 96`: a number with its low 96 bits zero, so it is none of those but the
/// first, and no slot of a long string, which is a hash. Slot 0 is therefore left to the zero
/// address, so that asking about it, or sweeping it, touches nothing else. A mapping would cost a
/// hash per member.
abstract contract ProgramStorage {
    using ProgramRules for uint256;

    /// @dev Everything a batch reads and writes, packed by hand into one slot, low field first:
    /// the compiler would read and write the slot once per field.
    struct State {
        uint64 lastSeq;
        uint64 totalSupply;
        uint24 day;
        uint48 mintedToday;
        uint48 debitedToday;
        bool mintPaused;
    }

    /// @dev What a batch reads and rarely anybody writes: one slot. The limits at birth are in the
    /// code and hold until `written`.
    struct Frame {
        uint64 supplyCap;
        uint48 mintPerDay;
        uint48 debitPerDay;
        uint40 raiseAt;
        uint40 redemptionUntil;
        bool written;
    }

    struct Terms {
        bytes32 hash;
        string uri;
    }

    struct AnnouncedTerms {
        uint256 effectiveAt;
        bytes32 hash;
        string uri;
    }

    /// @dev The strings in the clone's code, after the two words of fixed size.
    struct Identity {
        string name;
        string symbol;
        string contractURI;
        string termsURI;
        bytes32 termsHash;
    }

    /// @dev What touching members adds up to, and what it needs to know of now.
    struct Tally {
        uint256 period;
        uint256 live;
        uint256 minted;
        uint256 burned;
        uint256 debited;
    }

    /// @dev Length of the clone's own code: its immutable arguments come after it.
    uint256 private constant CLONE_CODE = 0x2d;
    uint256 private constant FIXED_ARGUMENTS = 0x40;

    address private immutable LOGIC = address(this);

    /// @dev The word of the zero address; its only use is to keep that slot free.
    uint256 private _nobody;
    uint256 internal _state;
    Frame internal _frame;
    IProgramLife.Limits internal _wantedLimits;
    Terms internal _terms;
    AnnouncedTerms internal _nextTerms;

    modifier onlyIssuer() {
        require(msg.sender == _rules().issuer(), IProgramBatch.NotIssuer());
        _;
    }

    /// @dev The first of the two fixed words; see ProgramRules.
    function _rules() internal view returns (uint256 rules) {
        (rules,) = _fixedArguments();
    }

    /// @dev Assembly, because copying code has no other form, and the library's copies all of it
    /// for the two words that each batch needs.
    function _fixedArguments() internal view returns (uint256 rules, uint256 birthLimits) {
        require(address(this) != LOGIC, IProgramBatch.NotAProgram());
        assembly ("memory-safe") {
            extcodecopy(address(), 0, CLONE_CODE, FIXED_ARGUMENTS)
            rules := mload(0)
            birthLimits := mload(0x20)
        }
    }

    /// @dev The word of a member, as it was stored last.
    function _wordOf(address member) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(shl(96, member))
        }
    }

    function _storeWord(address member, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(shl(96, member), word)
        }
    }

    function _loadState() internal view returns (State memory state) {
        uint256 packed = _state;
        state.lastSeq = uint64(packed);
        state.totalSupply = uint64(packed >> 64);
        state.day = uint24(packed >> 128);
        state.mintedToday = uint48(packed >> 152);
        state.debitedToday = uint48(packed >> 200);
        state.mintPaused = packed >> 248 != 0;
    }

    function _storeState(State memory state) internal {
        _state = uint256(state.lastSeq) | (uint256(state.totalSupply) << 64)
            | (uint256(state.day) << 128) | (uint256(state.mintedToday) << 152)
            | (uint256(state.debitedToday) << 200) | (state.mintPaused ? 1 << 248 : 0);
    }

    function _identity() internal view returns (Identity memory) {
        require(address(this) != LOGIC, IProgramBatch.NotAProgram());
        (,, Identity memory identity) =
            abi.decode(Clones.fetchCloneArgs(address(this)), (uint256, uint256, Identity));
        return identity;
    }

    function _period(uint256 rules, uint256 timestamp) internal pure returns (uint256) {
        return Calendar.periodAt(timestamp, rules.periodMonths(), rules.utcOffsetMinutes());
    }

    function _newTally(uint256 rules) internal view returns (Tally memory tally) {
        tally.period = _period(rules, block.timestamp);
        tally.live = MemberWord.liveMask(rules.validityPeriods());
    }

    /// @dev The limits that hold now, and the closing date.
    function _limitsNow(uint256 birthLimits)
        internal
        view
        returns (IProgramLife.Limits memory current, uint256 redemptionUntil)
    {
        Frame memory frame = _frame;
        redemptionUntil = frame.redemptionUntil;
        if (!frame.written) {
            current = IProgramLife.Limits({
                supplyCap: uint64(birthLimits >> 96),
                mintPerDay: uint48(birthLimits >> 48),
                debitPerDay: uint48(birthLimits)
            });
        } else if (frame.raiseAt != 0 && block.timestamp >= frame.raiseAt) {
            current = _wantedLimits;
        } else {
            current = IProgramLife.Limits({
                supplyCap: frame.supplyCap,
                mintPerDay: frame.mintPerDay,
                debitPerDay: frame.debitPerDay
            });
        }
    }

    /// @dev The word of a member as of now. What lapsed is burned in the tally and said in the log;
    /// the caller stores the word.
    function _swept(address member, uint256 word, Tally memory tally)
        internal
        returns (uint256 current)
    {
        if (word >> MemberWord.PERIOD_SHIFT == tally.period) return word;
        current = MemberWord.aged(word, tally.period, tally.live);
        unchecked {
            // Ageing never adds points, and all points of one batch are below 2^50.
            uint256 lapsed = MemberWord.balance(word) - MemberWord.balance(current);
            if (lapsed != 0) {
                tally.burned += lapsed;
                emit IProgramBatch.Transfer(member, address(0), lapsed);
                emit IProgramBatch.Lapsed(member, lapsed);
            }
        }
    }

    /// @dev Burns outside the operator's debits: by signature, or by time. Cannot underflow: the
    /// supply is the sum of all ledger balances, of which `burned` was part.
    function _burnFromSupply(uint256 burned) internal {
        unchecked {
            if (burned != 0) _state -= burned << 64;
        }
    }
}
