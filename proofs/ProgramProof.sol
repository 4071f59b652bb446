// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {ILoyaltyProgram} from "../contracts/interfaces/ILoyaltyProgram.sol";
import {IProgramLife} from "../contracts/interfaces/IProgramLife.sol";
import {ProgramRules} from "../contracts/program/ProgramRules.sol";
import {ProgramStorage} from "../contracts/program/ProgramStorage.sol";
import {svm, vm} from "./Cheats.sol";
import {Spec} from "./Spec.sol";

/// @title A program in any state whatever, at one moment; the proofs of its functions begin here.
/// @dev Run by Halmos over the bytecode of the logic behind a clone. Symbolic: all of storage, so
/// every state that could ever be reached and more, the limits at birth, and whatever a proof calls
/// with. Fixed: the issuer, the months, the validity and the clock. The clock enters the contract
/// as a period, a day, and in comparisons with stored times; words, days and times in storage are
/// any, so every distance between then and now is covered.
abstract contract ProgramProof {
    using Spec for Spec.Member;

    address internal constant ISSUER = address(0x155);
    uint256 internal constant VALIDITY = 3;
    /// @dev 2026-05-20 12:00 UTC; quarters.
    uint256 internal constant NOW = 1_779_278_400;
    uint256 internal constant PERIOD = 2026 * 4 + 1;
    uint256 internal constant TODAY = 20_593;
    uint256 internal constant NOTICE = 30 days;

    /// @dev Whose words `memberAfter` writes. One address is as good as another: a word lies at its
    /// owner's address, and all of storage is any.
    address internal constant MEMBER = address(0xA11CE);
    uint256 internal constant LONG_AGO = type(uint256).max;

    uint256 private constant STATE = 1;
    uint256 private constant LAST_SLOT = 8;

    /// @dev The fields of the state slot, contracts/README.md.
    struct State {
        uint256 lastSeq;
        uint256 supply;
        uint256 day;
        uint256 minted;
        uint256 debited;
        uint256 paused;
    }

    ILoyaltyProgram internal program;
    uint256 internal birthLimits;

    function setUp() public {
        vm.warp(NOW);
        address logic = deployed(vm.getCode(".build/proven/LoyaltyProgram.json"));
        birthLimits = svm.createUint(160, "birthLimits");
        program = ILoyaltyProgram(
            Clones.cloneWithImmutableArgs(
                logic,
                abi.encode(
                    ProgramRules.pack(ISSUER, 0, 3, uint8(VALIDITY), false, 60, 30),
                    birthLimits,
                    ProgramStorage.Identity("", "", "", "", "")
                )
            )
        );
        svm.enableSymbolicStorage(address(program));
    }

    function deployed(bytes memory code) internal returns (address logic) {
        assembly ("memory-safe") {
            logic := create(0, add(code, 0x20), mload(code))
        }
        assert(logic != address(0));
    }

    function wordOf(address member) internal view returns (uint256) {
        return uint256(vm.load(address(program), bytes32(uint256(uint160(member)) << 96)));
    }

    function slot(uint256 number) internal view returns (uint256) {
        return uint256(vm.load(address(program), bytes32(number)));
    }

    function state() internal view returns (State memory) {
        uint256 packed = slot(STATE);
        return State({
            lastSeq: packed & 0xffffffffffffffff,
            supply: (packed >> 64) & 0xffffffffffffffff,
            day: (packed >> 128) & 0xffffff,
            minted: (packed >> 152) & 0xffffffffffff,
            debited: (packed >> 200) & 0xffffffffffff,
            paused: packed >> 248
        });
    }

    /// @dev Everything that is not a member's word nor the state: limits, closing date, terms.
    function frame() internal view returns (bytes32) {
        uint256[7] memory slots;
        for (uint256 i = 0; i < slots.length; ++i) {
            slots[i] = slot(STATE + 1 + i);
        }
        return keccak256(abi.encode(slots));
    }

    /// @dev The limits that hold now, read from their slots without a jump: those at birth until
    /// limits were set, then those announced once their notice is over, else those of the frame.
    function limitsNow() internal view returns (IProgramLife.Limits memory) {
        uint256 packed = slot(STATE + 1);
        uint256 raiseAt = (packed >> 160) & 0xffffffffff;
        bool raised = Spec.all(raiseAt != 0, raiseAt <= NOW);
        bool written = (packed >> 240) & 0xff != 0;
        uint256 set = Spec.pick(raised, slot(STATE + 2), packed);
        return IProgramLife.Limits({
            supplyCap: uint64(Spec.pick(written, set, birthLimits >> 96)),
            mintPerDay: uint48(Spec.pick(written, set >> 64, birthLimits >> 48)),
            debitPerDay: uint48(Spec.pick(written, set >> 112, birthLimits))
        });
    }

    function lotsNow(uint256 word) internal pure returns (uint256[5] memory) {
        return Spec.read(word).aged(PERIOD, VALIDITY);
    }

    /// @dev Some member whose word is as programs write them.
    function someMember(string memory name) internal view returns (address member) {
        member = svm.createAddress(name);
        vm.assume(member != address(0));
        assumeWord(wordOf(member));
    }

    /// @dev MEMBER with any word that programs write `gone` periods before now; or LONG_AGO: before
    /// any lot that lives, or never. With a number for the distance, no solver has to walk through
    /// all of them at once. The word is put together from its fields, which covers every word
    /// without lots older than they can be.
    function memberAfter(uint256 gone) internal returns (uint256 word) {
        uint256[5] memory lots;
        for (uint256 age = 0; age <= VALIDITY; ++age) {
            lots[age] = svm.createUint(40, "lot");
        }
        word = stored(gone, lots);
        assumeWord(word);
        // Of no lots the sum is nothing, as of four periods ago and more.
        if (gone > VALIDITY) vm.assume(balanceNow(word) == 0);
    }

    /// @dev The same with points of one period at most. Such a lot is its own remainder, as
    /// MemberWordProof shows (`check_a_lot_leaves_itself`).
    function memberWithOneLotAfter(uint256 gone) internal returns (uint256 word) {
        uint256[5] memory lots;
        lots[0] = svm.createUint(40, "lot");
        vm.assume(lots[0] <= Spec.MOST);
        word = stored(gone, lots);
        vm.assume(remainder(word) == lots[0]);
        vm.assume(balanceNow(word) == theLot(lotsNow(word)));
    }

    function stored(uint256 gone, uint256[5] memory lots) private returns (uint256 word) {
        uint256 period;
        if (gone == LONG_AGO) {
            period = svm.createUint(16, "period");
            vm.assume(period < PERIOD - 4);
        } else {
            period = PERIOD - gone;
        }
        word = (period << 240) | (svm.createUint(40, "kept") << 200) | Spec.buckets(lots);
        vm.store(address(program), bytes32(uint256(uint160(MEMBER)) << 96), bytes32(word));
    }

    /// @dev Somebody else, anybody.
    function someoneElse() internal pure returns (address other) {
        other = svm.createAddress("other");
        vm.assume(other != MEMBER);
    }

    /// @dev A word as programs write them, by `Spec.wellFormed`; and what MemberWordProof shows of
    /// every such word, now and aged. The proofs of a program speak of the balance as the remainder
    /// that the contract takes, and never add lots up: no solver ends on sums in two orders.
    function assumeWord(uint256 word) internal pure {
        Spec.Member memory member = Spec.read(word);
        uint256[5] memory now_ = member.aged(PERIOD, VALIDITY);
        bool good = Spec.all(member.noneTooOld(VALIDITY), member.period <= PERIOD);
        good = Spec.all(good, holds(member.lots, remainder(word)));
        vm.assume(Spec.all(good, remainder(word) <= Spec.MOST));
        vm.assume(holds(now_, balanceNow(word)));
        vm.assume(balanceNow(word) <= remainder(word));
    }

    /// @dev No lot is more than all of them.
    function holds(uint256[5] memory lots, uint256 balance) internal pure returns (bool good) {
        good = true;
        for (uint256 age = 0; age < 5; ++age) {
            good = Spec.all(good, lots[age] <= balance);
        }
    }

    /// @dev Of lots of which at most one is not zero.
    function theLot(uint256[5] memory lots) internal pure returns (uint256) {
        return lots[0] | lots[1] | lots[2] | lots[3] | lots[4];
    }

    /// @dev What is left of one lot is where the lot was.
    function sameAge(uint256[5] memory was, uint256[5] memory left)
        internal
        pure
        returns (bool good)
    {
        good = true;
        for (uint256 age = 0; age < 5; ++age) {
            good = Spec.all(good, Spec.any(was[age] != 0, left[age] == 0));
        }
    }

    function remainder(uint256 word) internal pure returns (uint256) {
        return (word & (2 ** 200 - 1)) % (2 ** 40 - 1);
    }

    /// @dev The balance of a word as of now: of its live lots.
    function balanceNow(uint256 word) internal pure returns (uint256) {
        return remainder(Spec.buckets(lotsNow(word)));
    }

    /// @dev What time has taken from a word by now.
    function lapsed(uint256 word) internal pure returns (uint256) {
        unchecked {
            return remainder(word) - balanceNow(word);
        }
    }

    /// @dev Live lots, nonce and consent of a member, the sweep left aside.
    function sameRights(uint256 before, uint256 later) internal pure returns (bool) {
        Spec.Member memory a = Spec.read(before);
        Spec.Member memory b = Spec.read(later);
        return Spec.all(
            Spec.same(a.aged(PERIOD, VALIDITY), b.aged(PERIOD, VALIDITY)),
            Spec.all(a.nonce == b.nonce, a.signedOnly == b.signedOnly)
        );
    }
}
