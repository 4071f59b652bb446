// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What may change in a program's life, and how early it must be said.
/// @notice Whatever is worse for members or more dangerous for the merchant waits for the notice
/// period, which is part of the program's code. What protects works at once.
interface IProgramLife {
    /// @notice How much may be in circulation, be minted in a day, and be debited by the operator
    /// in a day. A day is one of the program's time.
    struct Limits {
        uint64 supplyCap;
        uint48 mintPerDay;
        uint48 debitPerDay;
    }

    /// @notice Minting was stopped or allowed again. Burning is never stopped.
    event MintPauseSet(bool paused);

    /// @notice These limits hold from now on.
    event LimitsChanged(uint64 supplyCap, uint48 mintPerDay, uint48 debitPerDay);

    /// @notice These limits will hold from `effectiveAt` on, if nothing else is said before.
    event LimitsAnnounced(
        uint64 supplyCap, uint48 mintPerDay, uint48 debitPerDay, uint256 effectiveAt
    );

    /// @notice The terms with this hash, at this URI, will hold from `effectiveAt` on.
    event TermsAnnounced(bytes32 indexed termsHash, string uri, uint256 effectiveAt);

    /// @notice The program mints no more; points can be redeemed until `redemptionUntil`.
    event ClosingAnnounced(uint256 redemptionUntil);

    /// @notice That is sooner than the notice period allows.
    error NoticeTooShort(uint256 earliest, uint256 given);

    /// @notice A closing program stays closing.
    error AlreadyClosing(uint256 redemptionUntil);

    /// @notice Terms have a hash.
    error EmptyTerms();

    /// @notice Stop or allow minting. Issuer only.
    function setMintPaused(bool paused) external;

    /// @notice Change the limits: what gets lower holds at once, what gets higher after the notice
    /// period. Replaces an announcement that is not yet effective. Issuer only.
    function setLimits(Limits calldata wanted) external;

    /// @notice Announce new terms; those before hold until `effectiveAt`. Replaces an announcement
    /// that is not yet effective. Issuer only.
    function announceTerms(bytes32 hash, string calldata uri, uint256 effectiveAt) external;

    /// @notice End the program: no mint from now on, redemption until `redemptionUntil`. Cannot be
    /// undone. Issuer only.
    function announceClosing(uint256 redemptionUntil) external;

    /// @notice Whether minting is paused.
    function mintPaused() external view returns (bool);

    /// @notice The limits that hold now.
    function limits() external view returns (Limits memory);

    /// @notice Limits that were announced, and from when they hold; `effectiveAt` 0 for none.
    function announcedLimits() external view returns (Limits memory wanted, uint256 effectiveAt);

    /// @notice What may still be minted and debited today, and in which second the next day begins.
    function budgetsLeft()
        external
        view
        returns (uint256 mintLeft, uint256 debitLeft, uint256 renewsAt);

    /// @notice Hash and URI of the terms that hold now.
    function terms() external view returns (bytes32 hash, string memory uri);

    /// @notice Terms that were announced, and from when they hold; `effectiveAt` 0 for none.
    function announcedTerms()
        external
        view
        returns (bytes32 hash, string memory uri, uint256 effectiveAt);

    /// @notice Seconds between an announcement and its effect.
    function noticePeriod() external view returns (uint256);

    /// @notice The last second of redemption of a closing program; 0 for one that is not closing.
    function redemptionUntil() external view returns (uint256);
}
