// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IProgramFactory} from "./interfaces/IProgramFactory.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {ProgramRules} from "./program/ProgramRules.sol";
import {ProgramStorage} from "./program/ProgramStorage.sol";

/// @title Factory of loyalty programs.
contract ProgramFactory is IProgramFactory {
    int16 private constant MIN_OFFSET_MINUTES = -12 * 60;
    int16 private constant MAX_OFFSET_MINUTES = 14 * 60;
    uint8 private constant MAX_VALIDITY = 4;

    /// @dev Written in the constructor only.
    address[] private _implementations;

    mapping(address issuer => mapping(bytes32 salt => address)) private _programs;

    /// @param implementations Logic contracts, version 1 first.
    constructor(address[] memory implementations) {
        require(implementations.length != 0, BadImplementation(0));
        for (uint256 i = 0; i < implementations.length; ++i) {
            require(implementations[i].code.length != 0, BadImplementation(i));
        }
        _implementations = implementations;
    }

    /// @inheritdoc IProgramFactory
    function createProgram(
        address issuer,
        bytes32 salt,
        Parameters calldata parameters
    ) external returns (address program) {
        require(_mayCreate(issuer, msg.sender), NotAllowed(issuer, msg.sender));
        address existing = _programs[issuer][salt];
        require(existing == address(0), ProgramExists(existing));
        require(_canBe(parameters), BadParameters());

        uint32 version = latestVersion();
        program = Clones.cloneDeterministicWithImmutableArgs(
            implementationOf(version),
            _arguments(issuer, parameters),
            _cloneSalt(issuer, salt)
        );
        _programs[issuer][salt] = program;
        emit ProgramCreated(
            program,
            issuer,
            salt,
            version,
            parameters.name,
            parameters.symbol,
            parameters.decimals
        );
        emit ProgramRulesSet(program, parameters);
    }

    /// @inheritdoc IProgramFactory
    function programOf(address issuer, bytes32 salt) external view returns (address) {
        return _programs[issuer][salt];
    }

    /// @inheritdoc IProgramFactory
    function predict(address issuer, bytes32 salt, Parameters calldata parameters)
        external
        view
        returns (address)
    {
        return Clones.predictDeterministicAddressWithImmutableArgs(
            implementationOf(latestVersion()),
            _arguments(issuer, parameters),
            _cloneSalt(issuer, salt)
        );
    }

    /// @inheritdoc IProgramFactory
    function latestVersion() public view returns (uint32) {
        return uint32(_implementations.length);
    }

    /// @inheritdoc IProgramFactory
    function implementationOf(uint32 version) public view returns (address) {
        require(
            version != 0 && version <= _implementations.length, UnknownVersion(version)
        );
        return _implementations[version - 1];
    }

    function _mayCreate(address issuer, address caller) private view returns (bool) {
        if (caller == issuer) return true;
        if (issuer.code.length == 0) return false;
        return ISettlement(issuer).mayCreateProgram(caller);
    }

    function _canBe(Parameters calldata each) private pure returns (bool) {
        uint8 months = each.periodMonths;
        bool endless = months == 0 && each.validityPeriods == 0;
        bool periodic = (months == 1 || months == 3 || months == 6 || months == 12)
            && each.validityPeriods != 0 && each.validityPeriods <= MAX_VALIDITY;
        return (endless || periodic) && each.noticeDays != 0
            && each.utcOffsetMinutes >= MIN_OFFSET_MINUTES
            && each.utcOffsetMinutes <= MAX_OFFSET_MINUTES;
    }

    /// @dev What ProgramStorage decodes: two packed words, which a batch reads alone, then strings.
    function _arguments(address issuer, Parameters calldata each)
        private
        pure
        returns (bytes memory)
    {
        return abi.encode(
            ProgramRules.pack(
                issuer,
                each.decimals,
                each.periodMonths,
                each.validityPeriods,
                each.signedOnly,
                each.utcOffsetMinutes,
                each.noticeDays
            ),
            ProgramRules.packLimits(each.supplyCap, each.mintPerDay, each.debitPerDay),
            ProgramStorage.Identity({
                name: each.name,
                symbol: each.symbol,
                contractURI: each.contractURI,
                termsURI: each.termsURI,
                termsHash: each.termsHash
            })
        );
    }

    function _cloneSalt(address issuer, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(issuer, salt));
    }
}
