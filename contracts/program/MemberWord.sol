// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The one word that a program keeps of a member.
/// @notice `period:16 | nonce:39 | signedOnly:1 | five 40-bit buckets`, newest bucket lowest. A
/// bucket holds the points earned in one period; its place is its age, counted from the word's own
/// period. backend/core/expiry.py is the same in Python.
library MemberWord {
    uint256 internal constant BUCKETS = 5;
    uint256 internal constant BUCKET_BITS = 40;
    uint256 internal constant BUCKET_MASK = 2 ** 40 - 1;
    uint256 internal constant BUCKETS_MASK = 2 ** 200 - 1;
    uint256 internal constant BUCKET_MODULUS = 2 ** 40 - 1;
    uint256 internal constant MAX_BALANCE = 2 ** 40 - 2;
    uint256 internal constant SIGNED_ONLY = 1 << 200;
    uint256 internal constant NONCE_SHIFT = 201;
    uint256 internal constant NONCE_MASK = 2 ** 39 - 1;
    /// @dev What ageing leaves alone: nonce and signedOnly.
    uint256 internal constant KEPT_MASK = (2 ** 40 - 1) << 200;
    uint256 internal constant PERIOD_SHIFT = 240;
    uint256 private constant OLDEST_SHIFT = 160;
    uint256 private constant OLDER_MASK = BUCKETS_MASK ^ BUCKET_MASK;

    /// @notice The mask of the buckets that can be alive when points live `validity` periods after
    /// the one they were earned in.
    function liveMask(uint256 validity) internal pure returns (uint256) {
        unchecked {
            return (1 << (BUCKET_BITS * (validity + 1))) - 1;
        }
    }

    /// @notice The sum of the five buckets, in one step.
    /// @dev 2^40 is 1 modulo 2^40 - 1, so the buckets read as one number are congruent to their
    /// sum, and a sum of at most 2^40 - 2, which every mint checks, is its own residue.
    function balance(uint256 word) internal pure returns (uint256) {
        return (word & BUCKETS_MASK) % BUCKET_MODULUS;
    }

    /// @notice The word in `period`: every bucket older, those outside `live` gone. Nothing else
    /// ever takes a point without an operation. A word is never younger than it was.
    function aged(uint256 word, uint256 period, uint256 live) internal pure returns (uint256) {
        unchecked {
            uint256 was = word >> PERIOD_SHIFT;
            if (period <= was) return word;
            uint256 goneBy = period - was;
            uint256 buckets = goneBy < BUCKETS
                ? ((word & BUCKETS_MASK) << (BUCKET_BITS * goneBy)) & live
                : 0;
            return (period << PERIOD_SHIFT) | (word & KEPT_MASK) | buckets;
        }
    }

    /// @notice The word without `amount` points, the oldest taken first.
    /// @dev The caller has checked that the balance is at least `amount`.
    function consumed(uint256 word, uint256 amount) internal pure returns (uint256) {
        unchecked {
            // Most members hold points of one period only.
            if (word & OLDER_MASK == 0) return word - amount;
            for (uint256 shift = OLDEST_SHIFT;; shift -= BUCKET_BITS) {
                uint256 held = (word >> shift) & BUCKET_MASK;
                if (held >= amount) return word - (amount << shift);
                word -= held << shift;
                amount -= held;
            }
            return word;
        }
    }

    /// @notice Points of `age` periods.
    function bucket(uint256 word, uint256 age) internal pure returns (uint256) {
        return age < BUCKETS ? (word >> (BUCKET_BITS * age)) & BUCKET_MASK : 0;
    }

    /// @notice Signatures of this member used so far.
    function nonce(uint256 word) internal pure returns (uint256) {
        return (word >> NONCE_SHIFT) & NONCE_MASK;
    }
}
