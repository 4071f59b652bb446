// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IProgramFactory} from "./interfaces/IProgramFactory.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";

/// @title Factory of loyalty programs.
contract ProgramFactory is IProgramFactory {
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
        string calldata name,
        string calldata symbol,
        uint8 decimals
    ) external returns (address program) {
        require(_mayCreate(issuer, msg.sender), NotAllowed(issuer, msg.sender));
        address existing = _programs[issuer][salt];
        require(existing == address(0), ProgramExists(existing));

        uint32 version = latestVersion();
        program = Clones.cloneDeterministicWithImmutableArgs(
            implementationOf(version),
            _arguments(issuer, name, symbol, decimals),
            _cloneSalt(issuer, salt)
        );
        _programs[issuer][salt] = program;
        emit ProgramCreated(program, issuer, salt, version, name, symbol, decimals);
    }

    /// @inheritdoc IProgramFactory
    function programOf(address issuer, bytes32 salt) external view returns (address) {
        return _programs[issuer][salt];
    }

    /// @inheritdoc IProgramFactory
    function predict(
        address issuer,
        bytes32 salt,
        string calldata name,
        string calldata symbol,
        uint8 decimals
    ) external view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(
            implementationOf(latestVersion()),
            _arguments(issuer, name, symbol, decimals),
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

    /// @dev The order is the one that LoyaltyProgram decodes; the issuer comes first so that a
    /// batch can read it without decoding the strings.
    function _arguments(
        address issuer,
        string calldata name,
        string calldata symbol,
        uint8 decimals
    ) private pure returns (bytes memory) {
        return abi.encode(issuer, decimals, name, symbol);
    }

    function _cloneSalt(address issuer, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(issuer, salt));
    }
}
