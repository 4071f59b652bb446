// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Tiers and badges: ERC-721 tokens that never leave their member.
/// @notice A token's id says what it is, so nothing about a person is stored or linked:
///
///     member address:160 | badge type:32 | serial:64
///
/// Locked by default and for ever (ERC-6982, ERC-5192). The token URI depends on the badge type
/// alone: every holder of a type has the same one.
interface ILoyaltyBadge {
    /// @notice ERC-721: a badge was issued or ended.
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    /// @notice ERC-6982: every token is locked; emitted once.
    event DefaultLocked(bool locked);

    /// @notice ERC-5192: the token is locked.
    event Locked(uint256 tokenId);

    /// @notice Badges belong to the member who earned them: no transfer, no approval.
    error NonTransferable();

    /// @notice Only the settlement contract that was named at deployment may call this function.
    error NotIssuer();

    /// @notice Only the member who holds the badge may call this function.
    error NotHolder();

    /// @notice There is no such badge.
    error UnknownBadge(uint256 tokenId);

    /// @notice The badge exists already.
    error BadgeExists(uint256 tokenId);

    /// @notice The zero address holds no badges.
    error BadHolder();

    /// @notice Issue badges. Issuer only.
    function issue(uint256[] calldata ids) external;

    /// @notice Take badges back: a tier that ended. Issuer only.
    function revoke(uint256[] calldata ids) external;

    /// @notice Give up a badge of one's own.
    function renounce(uint256 tokenId) external;

    /// @notice The member whose badge this is.
    function ownerOf(uint256 tokenId) external view returns (address);

    /// @notice How many badges `member` holds.
    function balanceOf(address member) external view returns (uint256);

    /// @notice Whether `member` holds the badge of this type and serial.
    function holds(address member, uint32 badgeType, uint64 serial) external view returns (bool);

    /// @notice The id of a badge.
    function idOf(address member, uint32 badgeType, uint64 serial) external pure returns (uint256);

    /// @notice Metadata of the token's type.
    function tokenURI(uint256 tokenId) external view returns (string memory);

    /// @notice ERC-6982: always true.
    function defaultLocked() external view returns (bool);

    /// @notice ERC-6982 and ERC-5192: true for every badge there is.
    function locked(uint256 tokenId) external view returns (bool);

    /// @notice Always the zero address.
    function getApproved(uint256 tokenId) external view returns (address);

    /// @notice Always false.
    function isApprovedForAll(address owner, address operator) external view returns (bool);

    /// @notice Always reverts with `NonTransferable()`.
    function approve(address to, uint256 tokenId) external;

    /// @notice Always reverts with `NonTransferable()`.
    function setApprovalForAll(address operator, bool approved) external;

    /// @notice Always reverts with `NonTransferable()`.
    function transferFrom(address from, address to, uint256 tokenId) external;

    /// @notice Always reverts with `NonTransferable()`.
    function safeTransferFrom(address from, address to, uint256 tokenId) external;

    /// @notice Always reverts with `NonTransferable()`.
    function safeTransferFrom(address from, address to, uint256 tokenId, bytes calldata data)
        external;

    /// @notice Name of the collection.
    function name() external view returns (string memory);

    /// @notice Its symbol.
    function symbol() external view returns (string memory);

    /// @notice The settlement contract that issues and revokes.
    function issuer() external view returns (address);

    /// @notice ERC-165.
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
