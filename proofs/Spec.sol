// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a member's points must do, said a second time and in another way.
/// @notice The contract shifts, masks and divides one packed word. Here a member is a list of lots,
/// and each lot is moved, dropped, added to or taken from by itself. Nothing is shared with
/// MemberWord but the layout that contracts/README.md publishes.
/// @dev Written without branches: a symbolic machine walks every path of both sides, and each
/// branch here would double the paths of the contract.
library Spec {
    uint256 internal constant AGES = 5;
    uint256 internal constant MOST = 2 ** 40 - 2;

    /// @dev `lots[age]` is what was earned `age` periods before `period`.
    struct Member {
        uint256 period;
        uint256 nonce;
        uint256 signedOnly;
        uint256[5] lots;
    }

    function read(uint256 word) internal pure returns (Member memory member) {
        unchecked {
            member.period = word >> 240;
            member.nonce = (word >> 201) & 0x7fffffffff;
            member.signedOnly = (word >> 200) & 1;
            for (uint256 age = 0; age < AGES; ++age) {
                member.lots[age] = (word >> (40 * age)) & 0xffffffffff;
            }
        }
    }

    function sum(uint256[5] memory lots) internal pure returns (uint256) {
        unchecked {
            return lots[0] + lots[1] + lots[2] + lots[3] + lots[4];
        }
    }

    /// @notice What holds of every word that a program ever stored; the proofs show that each
    /// operation keeps it.
    function wellFormed(Member memory member, uint256 nowPeriod, uint256 validity)
        internal
        pure
        returns (bool)
    {
        unchecked {
            return all(
                all(sum(member.lots) <= MOST, member.period <= nowPeriod),
                noneTooOld(member, validity)
            );
        }
    }

    function noneTooOld(Member memory member, uint256 validity) internal pure returns (bool) {
        uint256 tooOld = 0;
        for (uint256 age = 1; age < AGES; ++age) {
            tooOld |= pick(age > validity, member.lots[age], 0);
        }
        return tooOld == 0;
    }

    /// @notice The lots at their places in a word.
    function buckets(uint256[5] memory lots) internal pure returns (uint256) {
        return lots[0] | lots[1] << 40 | lots[2] << 80 | lots[3] << 120 | lots[4] << 160;
    }

    /// @notice The lots in `period`: each as many places older as periods went by, and those older
    /// than `validity` gone.
    function aged(Member memory member, uint256 period, uint256 validity)
        internal
        pure
        returns (uint256[5] memory lots)
    {
        unchecked {
            for (uint256 age = 0; age < AGES; ++age) {
                for (uint256 was = 0; was <= age; ++was) {
                    bool here = all(member.period + age == period + was, age <= validity);
                    lots[age] |= pick(here, member.lots[was], 0);
                }
                lots[age] = pick(period <= member.period, member.lots[age], lots[age]);
            }
        }
    }

    function same(uint256[5] memory a, uint256[5] memory b) internal pure returns (bool) {
        uint256 different = 0;
        for (uint256 age = 0; age < AGES; ++age) {
            different |= a[age] ^ b[age];
        }
        return different == 0;
    }

    /// @notice `condition ? a : b`, without a jump.
    function pick(bool condition, uint256 a, uint256 b) internal pure returns (uint256 chosen) {
        assembly ("memory-safe") {
            chosen := xor(b, and(xor(a, b), sub(0, condition)))
        }
    }

    /// @notice `a && b`, without a jump.
    function all(bool a, bool b) internal pure returns (bool both) {
        assembly ("memory-safe") {
            both := and(a, b)
        }
    }

    /// @notice `a || b`, without a jump.
    function any(bool a, bool b) internal pure returns (bool one) {
        assembly ("memory-safe") {
            one := or(a, b)
        }
    }
}
