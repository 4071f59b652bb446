// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a member does with a key of their own.
/// @notice A member is an address. Its key may be an ordinary account (ECDSA), a contract
/// (ERC-1271), or a passkey (WebAuthn, P-256), whose member address is a hash of the public key.
/// Every signature is over EIP-712 typed data of this program (see `eip712Domain`):
///
///     Redeem(address member,uint256 amount,bytes32 redemptionId,uint256 nonce,uint256 deadline)
///     SetSignedOnly(address member,bool signedOnly,uint256 nonce,uint256 deadline)
///     Rebind(address from,address to,uint256 nonce,uint256 deadline)
///
/// `nonce` is `nonces(member)` and goes up by one with each signature used. An argument named
/// `signature` takes 65 bytes of ECDSA, whatever the contract at `member` understands, or an
/// ABI-encoded `Passkey`. ECDSA is tried first: an account may have code and a key (EIP-7702).
interface IProgramConsent {
    /// @notice One signed redemption.
    struct Redemption {
        address member;
        uint256 amount;
        bytes32 redemptionId;
        uint256 deadline;
        bytes signature;
    }

    /// @notice A WebAuthn assertion: public key, signature, and what the authenticator signed.
    /// @dev `s` must be in the lower half of the order: replace a high one by `n - s`.
    struct Passkey {
        bytes32 x;
        bytes32 y;
        bytes32 r;
        bytes32 s;
        bytes authenticatorData;
        string clientDataJSON;
        uint256 typeIndex;
        uint256 challengeIndex;
    }

    /// @notice `member` redeemed `amount` points with a signature of their own, which used a nonce.
    /// The burn `Transfer` of the same points is the log directly before this one.
    event Redeemed(address indexed member, uint256 amount, bytes32 indexed redemptionId);

    /// @notice From now on only signatures of `member` burn their points, or no longer so. `nonce`
    /// is `nonces(member)` afterwards: it tells whether a signature said so or a transaction.
    event SignedOnlySet(address indexed member, bool signedOnly, uint256 nonce);

    /// @notice The signature was valid until `deadline`.
    error SignatureExpired(uint256 deadline);

    /// @notice The signature is not one of `member` for this call.
    error BadSignature(address member);

    /// @notice A redemption is of at least one point.
    error ZeroAmount();

    /// @notice Burn points of a member who signed for it. Anyone may bring the signature.
    function redeem(
        address member,
        uint256 amount,
        bytes32 redemptionId,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Several signed redemptions, all or none.
    function redeemBatch(Redemption[] calldata redemptions) external;

    /// @notice As `redeem`, for the member that the passkey's public key hashes to.
    /// @dev Needs the P-256 precompile at 0x100 (EIP-7951); a chain without it answers
    /// `MissingPrecompile(0x100)`.
    function redeemPasskey(
        uint256 amount,
        bytes32 redemptionId,
        uint256 deadline,
        Passkey calldata passkey
    ) external;

    /// @notice Let only signatures of the caller burn the caller's points, or end that.
    function setSignedOnly(bool signedOnly) external;

    /// @notice The same with a signature, for members who send no transactions.
    function setSignedOnlyWithSignature(
        address member,
        bool signedOnly,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Whether only signatures of `member` burn their points.
    function isSignedOnly(address member) external view returns (bool);

    /// @notice Whether that holds for every member, from the program's birth on.
    function signedOnlyProgram() external view returns (bool);

    /// @notice The member address of a passkey: the last 20 bytes of
    /// keccak256("mereau/passkey/1" | x | y).
    function passkeyMember(bytes32 x, bytes32 y) external pure returns (address);

    /// @notice Signatures of `member` used so far: the nonce that the next one signs.
    function nonces(address member) external view returns (uint256);

    /// @notice ERC-5267: the domain of the typed data.
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
        );
}
