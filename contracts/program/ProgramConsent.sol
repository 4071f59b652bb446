// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramBatch} from "../interfaces/IProgramBatch.sol";
import {IProgramConsent} from "../interfaces/IProgramConsent.sol";
import {MemberKeys} from "./MemberKeys.sol";
import {MemberWord} from "./MemberWord.sol";
import {ProgramRules} from "./ProgramRules.sol";
import {ProgramStorage} from "./ProgramStorage.sol";

/// @title Consent: what happens only with a member's own key.
abstract contract ProgramConsent is IProgramConsent, ProgramStorage {
    using ProgramRules for uint256;

    string private constant DOMAIN_NAME = "Mereau LoyaltyProgram";
    string private constant DOMAIN_VERSION = "1";
    /// @dev ERC-5267: name, version, chainId and verifyingContract are used.
    bytes1 private constant DOMAIN_FIELDS = 0x0f;

    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant REDEEM_TYPE = keccak256(
        "Redeem(address member,uint256 amount,bytes32 redemptionId,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant SET_SIGNED_ONLY_TYPE = keccak256(
        "SetSignedOnly(address member,bool signedOnly,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant REBIND_TYPE =
        keccak256("Rebind(address from,address to,uint256 nonce,uint256 deadline)");

    /// @inheritdoc IProgramConsent
    function redeem(
        address member,
        uint256 amount,
        bytes32 redemptionId,
        uint256 deadline,
        bytes calldata signature
    ) external {
        Tally memory tally = _openTally();
        bytes32 digest = _redeemDigest(member, amount, redemptionId, deadline);
        _requireSigned(member, digest, deadline, signature);
        _redeem(0, member, amount, redemptionId, tally);
        _burnFromSupply(tally.burned);
    }

    /// @inheritdoc IProgramConsent
    function redeemBatch(Redemption[] calldata redemptions) external {
        Tally memory tally = _openTally();
        for (uint256 i = 0; i < redemptions.length; ++i) {
            Redemption calldata each = redemptions[i];
            bytes32 digest =
                _redeemDigest(each.member, each.amount, each.redemptionId, each.deadline);
            _requireSigned(each.member, digest, each.deadline, each.signature);
            _redeem(i, each.member, each.amount, each.redemptionId, tally);
        }
        _burnFromSupply(tally.burned);
    }

    /// @inheritdoc IProgramConsent
    function redeemPasskey(
        uint256 amount,
        bytes32 redemptionId,
        uint256 deadline,
        Passkey calldata passkey
    ) external {
        Tally memory tally = _openTally();
        address member = MemberKeys.memberOf(passkey.x, passkey.y);
        bytes32 digest = _redeemDigest(member, amount, redemptionId, deadline);
        require(block.timestamp <= deadline, SignatureExpired(deadline));
        require(MemberKeys.assertsPasskey(digest, passkey), BadSignature(member));
        _redeem(0, member, amount, redemptionId, tally);
        _burnFromSupply(tally.burned);
    }

    /// @inheritdoc IProgramConsent
    function setSignedOnly(bool signedOnly) external {
        _setSignedOnly(msg.sender, _wordOf(msg.sender), signedOnly);
    }

    /// @inheritdoc IProgramConsent
    function setSignedOnlyWithSignature(
        address member,
        bool signedOnly,
        uint256 deadline,
        bytes calldata signature
    ) external {
        uint256 held = _wordOf(member);
        bytes32 digest = _digest(
            keccak256(
                abi.encode(
                    SET_SIGNED_ONLY_TYPE, member, signedOnly, MemberWord.nonce(held), deadline
                )
            )
        );
        _requireSigned(member, digest, deadline, signature);
        _setSignedOnly(member, _withNonceUsed(held), signedOnly);
    }

    /// @inheritdoc IProgramConsent
    function isSignedOnly(address member) external view returns (bool) {
        return _rules().signedOnly() || _wordOf(member) & MemberWord.SIGNED_ONLY != 0;
    }

    /// @inheritdoc IProgramConsent
    function signedOnlyProgram() external view returns (bool) {
        return _rules().signedOnly();
    }

    /// @inheritdoc IProgramConsent
    function passkeyMember(bytes32 x, bytes32 y) external pure returns (address) {
        return MemberKeys.memberOf(x, y);
    }

    /// @inheritdoc IProgramConsent
    function nonces(address member) external view returns (uint256) {
        return MemberWord.nonce(_wordOf(member));
    }

    /// @inheritdoc IProgramConsent
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (
            DOMAIN_FIELDS,
            DOMAIN_NAME,
            DOMAIN_VERSION,
            block.chainid,
            address(this),
            bytes32(0),
            new uint256[](0)
        );
    }

    /// @dev Checks the signature of `from` for a rebind; answers the word with that nonce used.
    function _consentToRebind(
        uint256 held,
        address from,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) internal view returns (uint256) {
        bytes32 digest = _digest(
            keccak256(abi.encode(REBIND_TYPE, from, to, MemberWord.nonce(held), deadline))
        );
        _requireSigned(from, digest, deadline, signature);
        return _withNonceUsed(held);
    }

    /// @dev Redemption is open always, except after the window of a closing program.
    function _requireOpen(uint256 redemptionUntil) internal view {
        require(
            redemptionUntil == 0 || block.timestamp <= redemptionUntil,
            IProgramBatch.ProgramClosed(redemptionUntil)
        );
    }

    function _openTally() private view returns (Tally memory) {
        _requireOpen(_frame.redemptionUntil);
        return _newTally(_rules());
    }

    /// @dev Burns, oldest points first, after the signature was checked.
    function _redeem(
        uint256 index,
        address member,
        uint256 amount,
        bytes32 redemptionId,
        Tally memory tally
    ) private {
        require(amount != 0, ZeroAmount());
        uint256 held = _swept(member, _withNonceUsed(_wordOf(member)), tally);
        uint256 balance = MemberWord.balance(held);
        require(
            amount <= balance,
            IProgramBatch.InsufficientBalance(index, member, balance, amount)
        );
        _storeWord(member, MemberWord.consumed(held, amount));
        tally.burned += amount;
        emit IProgramBatch.Transfer(member, address(0), amount);
        emit Redeemed(member, amount, redemptionId);
    }

    /// @dev The word is stored as of now, so that it is never zero.
    function _setSignedOnly(address member, uint256 held, bool signedOnly) private {
        Tally memory tally = _newTally(_rules());
        uint256 current = _swept(member, held, tally) & ~MemberWord.SIGNED_ONLY;
        _storeWord(member, signedOnly ? current | MemberWord.SIGNED_ONLY : current);
        _burnFromSupply(tally.burned);
        emit SignedOnlySet(member, signedOnly, MemberWord.nonce(current));
    }

    /// @dev 2^39 signatures of one member cost more gas than there ever was.
    function _withNonceUsed(uint256 held) private pure returns (uint256) {
        return held + (1 << MemberWord.NONCE_SHIFT);
    }

    function _requireSigned(
        address member,
        bytes32 digest,
        uint256 deadline,
        bytes calldata signature
    ) private view {
        require(block.timestamp <= deadline, SignatureExpired(deadline));
        require(MemberKeys.signed(member, digest, signature), BadSignature(member));
    }

    function _redeemDigest(
        address member,
        uint256 amount,
        bytes32 redemptionId,
        uint256 deadline
    ) private view returns (bytes32) {
        uint256 nonce = MemberWord.nonce(_wordOf(member));
        return _digest(
            keccak256(abi.encode(REDEEM_TYPE, member, amount, redemptionId, nonce, deadline))
        );
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPE,
                keccak256(bytes(DOMAIN_NAME)),
                keccak256(bytes(DOMAIN_VERSION)),
                block.chainid,
                address(this)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
