// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {SignatureChecker} from
    "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IProgramConsent} from "../interfaces/IProgramConsent.sol";

/// @title The three kinds of key that a member may have.
library MemberKeys {
    uint256 private constant ECDSA_LENGTH = 65;
    /// @dev rpIdHash, flags, counter.
    uint256 private constant AUTHENTICATOR_DATA_MIN = 37;
    uint256 private constant FLAGS_AT = 32;
    /// @dev User present and user verified: a touch, and a finger, face or code.
    bytes1 private constant PRESENT_AND_VERIFIED = 0x05;
    /// @dev The fixed fields of an encoded Passkey, with its two empty strings.
    uint256 private constant PASSKEY_MIN = 0x20 * 11;

    /// @notice The member that a passkey is the key of. The prefix keeps the address apart from
    /// those of ordinary accounts, which hash two coordinates as well.
    function memberOf(bytes32 x, bytes32 y) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked("mereau/passkey/1", x, y)))));
    }

    /// @notice Whether `signature` is one of `member` over `digest`.
    /// @dev ECDSA before ERC-1271: an account with delegated code (EIP-7702) keeps its key.
    function signed(address member, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        if (signature.length == ECDSA_LENGTH) {
            (address signer, ECDSA.RecoverError err,) = ECDSA.tryRecover(digest, signature);
            if (err == ECDSA.RecoverError.NoError && signer == member) return true;
        }
        if (member.code.length != 0) {
            return SignatureChecker.isValidERC1271SignatureNow(member, digest, signature);
        }
        if (signature.length < PASSKEY_MIN) return false;
        IProgramConsent.Passkey memory passkey =
            abi.decode(signature, (IProgramConsent.Passkey));
        return memberOf(passkey.x, passkey.y) == member && assertsPasskey(digest, passkey);
    }

    /// @notice Whether the assertion is a WebAuthn signature over `digest`, made with the user
    /// present and verified. Reverts with `MissingPrecompile` where P-256 is not available.
    function assertsPasskey(bytes32 digest, IProgramConsent.Passkey memory passkey)
        internal
        view
        returns (bool)
    {
        bytes memory data = passkey.authenticatorData;
        if (data.length < AUTHENTICATOR_DATA_MIN) return false;
        if (data[FLAGS_AT] & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED) return false;
        bytes memory json = bytes(passkey.clientDataJSON);
        bytes memory challenge =
            abi.encodePacked('"challenge":"', Base64.encodeURL(abi.encodePacked(digest)), '"');
        if (!_holds(json, passkey.typeIndex, '"type":"webauthn.get"')) return false;
        if (!_holds(json, passkey.challengeIndex, challenge)) return false;
        bytes32 message = sha256(abi.encodePacked(data, sha256(json)));
        return P256.verifyNative(message, passkey.r, passkey.s, passkey.x, passkey.y);
    }

    /// @dev Whether `text` has `part` at `start`.
    function _holds(bytes memory text, uint256 start, bytes memory part)
        private
        pure
        returns (bool)
    {
        if (start > text.length || part.length > text.length - start) return false;
        for (uint256 i = 0; i < part.length; ++i) {
            if (text[start + i] != part[i]) return false;
        }
        return true;
    }
}
