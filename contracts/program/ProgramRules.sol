// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a program can never change: two words in the code of its clone.
/// @dev Packed so that a batch reads all of it with one small copy of code. First word:
/// `issuer:160 | decimals:8 | periodMonths:8 | validityPeriods:8 | signedOnly:8 |
/// utcOffsetMinutes:16 | noticeDays:16 | zero:32`. Second word, the limits at birth:
/// `zero:96 | supplyCap:64 | mintPerDay:48 | debitPerDay:48`.
library ProgramRules {
    function pack(
        address settlement,
        uint8 digits,
        uint8 months,
        uint8 validity,
        bool onlySigned,
        int16 offsetMinutes,
        uint16 noticeDays
    ) internal pure returns (uint256) {
        return uint256(
            bytes32(
                abi.encodePacked(
                    settlement,
                    digits,
                    months,
                    validity,
                    onlySigned,
                    offsetMinutes,
                    noticeDays,
                    uint32(0)
                )
            )
        );
    }

    function packLimits(uint64 supplyCap, uint48 mintPerDay, uint48 debitPerDay)
        internal
        pure
        returns (uint256)
    {
        return (uint256(supplyCap) << 96) | (uint256(mintPerDay) << 48) | debitPerDay;
    }

    function issuer(uint256 rules) internal pure returns (address) {
        return address(uint160(rules >> 96));
    }

    function decimals(uint256 rules) internal pure returns (uint8) {
        return uint8(rules >> 88);
    }

    function periodMonths(uint256 rules) internal pure returns (uint256) {
        return uint8(rules >> 80);
    }

    function validityPeriods(uint256 rules) internal pure returns (uint256) {
        return uint8(rules >> 72);
    }

    function signedOnly(uint256 rules) internal pure returns (bool) {
        return uint8(rules >> 64) != 0;
    }

    function utcOffsetMinutes(uint256 rules) internal pure returns (int256) {
        return int16(uint16(rules >> 48));
    }

    function noticeSeconds(uint256 rules) internal pure returns (uint256) {
        return uint256(uint16(rules >> 32)) * 86_400;
    }
}
