// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Earning periods: whole calendar months at a fixed offset from UTC.
/// @notice The same arithmetic as backend/core/calendar.py, with which it is tested to agree.
/// @dev A period's number is `(year * 12 + month - 1) / months`, so a yearly period's is its year.
/// Years are counted from March inside, which puts the leap day last: the civil calendar in
/// integers, exact for all time that fits.
library Calendar {
    uint256 internal constant DAY = 86_400;

    /// @dev Days from 0000-03-01 to 1970-01-01.
    uint256 private constant EPOCH_DAY = 719_468;

    /// @dev The period of every point of a program whose points never expire.
    uint256 private constant ENDLESS = 1;

    /// @notice Days since 1970-01-01 in the program's time.
    function dayAt(uint256 timestamp, int256 offsetMinutes) internal pure returns (uint256) {
        return _local(timestamp, offsetMinutes) / DAY;
    }

    /// @notice The number of the period that `timestamp` lies in.
    function periodAt(uint256 timestamp, uint256 months, int256 offsetMinutes)
        internal
        pure
        returns (uint256)
    {
        if (months == 0) return ENDLESS;
        unchecked {
            uint256 day = dayAt(timestamp, offsetMinutes) + EPOCH_DAY;
            uint256 era = day / 146_097;
            uint256 ofEra = day - era * 146_097;
            uint256 yearOfEra =
                (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365;
            uint256 ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
            uint256 monthFromMarch = (5 * ofYear + 2) / 153;
            return ((era * 400 + yearOfEra) * 12 + monthFromMarch + 2) / months;
        }
    }

    /// @notice The first second of `period`; the last there is for a program without periods.
    function startOf(uint256 period, uint256 months, int256 offsetMinutes)
        internal
        pure
        returns (uint256)
    {
        if (months == 0) return period <= ENDLESS ? 0 : type(uint256).max;
        uint256 monthFromMarch = period * months - 2;
        uint256 year = monthFromMarch / 12;
        uint256 ofYear = (153 * (monthFromMarch % 12) + 2) / 5;
        uint256 day = 365 * year + year / 4 - year / 100 + year / 400 + ofYear;
        // Before 1970 there is nothing to ask about: such a period started at the beginning.
        if (day <= EPOCH_DAY) return 0;
        return uint256(int256((day - EPOCH_DAY) * DAY) - offsetMinutes * 60);
    }

    function _local(uint256 timestamp, int256 offsetMinutes) private pure returns (uint256) {
        unchecked {
            // Every block is decades after 1970, the offset less than a day.
            return uint256(int256(timestamp) + offsetMinutes * 60);
        }
    }
}
