// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {ILoyaltyProgram} from "../contracts/interfaces/ILoyaltyProgram.sol";
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
    /// all of them at once.
    function memberAfter(uint256 gone) internal returns (uint256 word) {
        if (gone == LONG_AGO) {
            word = svm.createUint(256, "word");
            vm.assume(word >> 240 < PERIOD - 4);
        } else {
            word = ((PERIOD - gone) << 240) | svm.createUint(240, "word");
        }
        vm.store(address(program), bytes32(uint256(uint160(MEMBER)) << 96), bytes32(word));
        assumeWord(word);
    }

    /// @dev Somebody else, anybody.
    function someoneElse() internal view returns (address other) {
        other = svm.createAddress("other");
        vm.assume(other != MEMBER);
    }

    /// @dev The second line is what MemberWordProof shows of every such word, for the solver to use
    /// of this one: the remainder is the sum of the lots.
    function assumeWord(uint256 word) internal pure {
        vm.assume(Spec.wellFormed(Spec.read(word), PERIOD, VALIDITY));
        vm.assume(remainder(word) == Spec.sum(Spec.read(word).lots));
        uint256[5] memory now_ = lotsNow(word);
        uint256 buckets =
            now_[0] | now_[1] << 40 | now_[2] << 80 | now_[3] << 120 | now_[4] << 160;
        vm.assume(remainder(buckets) == Spec.sum(now_));
    }

    function remainder(uint256 word) internal pure returns (uint256) {
        return (word & (2 ** 200 - 1)) % (2 ** 40 - 1);
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
