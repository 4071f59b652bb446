// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Makes programs: CREATE2 clones with immutable arguments.
/// @notice Front-running is useless here. Only the issuer itself, or an account that the issuer
/// contract vouches for (`ISettlement.mayCreateProgram`), can create a program for that issuer:
/// nobody else can occupy a salt, choose a name under it, or create what the issuer did not want.
/// The address depends on every argument: a program can be known before it exists, and its name,
/// symbol, decimals and issuer can never differ from what was predicted.
interface IProgramFactory {
    /// @notice All that a program is. None of it can change, except the limits and the terms, by
    /// the program's own rules (`IProgramLife`).
    /// @param name Name of the program.
    /// @param symbol Symbol of its points.
    /// @param decimals 0 for points, 2 for a cashback pot.
    /// @param periodMonths Calendar months of an earning period: 1, 3, 6 or 12; 0 for points that
    /// never expire.
    /// @param validityPeriods Whole periods that points live after the one they were earned in: 1
    /// to 4; 0 if and only if points never expire.
    /// @param utcOffsetMinutes The program's time. Choose the smallest offset that the program's
    /// zone ever has: then no period ends before midnight of the zone.
    /// @param signedOnly Whether every burn needs the member's signature, from birth.
    /// @param noticeDays Days between an announcement and its effect, at least 1.
    /// @param supplyCap Most points in circulation, at birth.
    /// @param mintPerDay Most points minted in a day, at birth.
    /// @param debitPerDay Most points debited by the operator in a day, at birth.
    /// @param termsHash Hash of the first terms.
    /// @param termsURI Where they are.
    /// @param contractURI ERC-7572 metadata; may be empty.
    struct Parameters {
        string name;
        string symbol;
        uint8 decimals;
        uint8 periodMonths;
        uint8 validityPeriods;
        int16 utcOffsetMinutes;
        bool signedOnly;
        uint16 noticeDays;
        uint64 supplyCap;
        uint48 mintPerDay;
        uint48 debitPerDay;
        bytes32 termsHash;
        string termsURI;
        string contractURI;
    }

    /// @notice A program exists from now on, with the logic of `version`.
    event ProgramCreated(
        address indexed program,
        address indexed issuer,
        bytes32 indexed salt,
        uint32 version,
        string name,
        string symbol,
        uint8 decimals
    );

    /// @notice How points of `program` age, what it promised at birth; directly after
    /// `ProgramCreated`.
    event ProgramRulesSet(address indexed program, Parameters parameters);

    /// @notice These parameters cannot be a program's.
    error BadParameters();

    /// @notice The caller may not create programs for this issuer.
    error NotAllowed(address issuer, address caller);

    /// @notice This issuer already used this salt, for `program`.
    error ProgramExists(address program);

    /// @notice There is no logic of this version.
    error UnknownVersion(uint32 version);

    /// @notice The factory was given no logic, or an address without code.
    error BadImplementation(uint256 index);

    /// @notice Create a program with the newest logic.
    /// @param issuer The settlement contract that will apply its batches, for ever.
    /// @param salt Chosen by the issuer; each can be used once.
    /// @param parameters Everything else.
    /// @return program Address of the new program, equal to `predict` of the same arguments.
    function createProgram(
        address issuer,
        bytes32 salt,
        Parameters calldata parameters
    ) external returns (address program);

    /// @notice The program that `issuer` created under `salt`, or zero.
    function programOf(address issuer, bytes32 salt) external view returns (address);

    /// @notice Where `createProgram` with these arguments puts the program.
    function predict(address issuer, bytes32 salt, Parameters calldata parameters)
        external
        view
        returns (address);

    /// @notice The newest version; versions count from 1. The list is fixed when the factory is
    /// deployed: new logic means a new factory, existing programs never change.
    function latestVersion() external view returns (uint32);

    /// @notice The logic contract of `version`.
    function implementationOf(uint32 version) external view returns (address);
}
