// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/interfaces/IERC721Metadata.sol";

import {ILoyaltyBadge} from "./interfaces/ILoyaltyBadge.sol";

/// @title Tiers and badges of a merchant, one contract per issuer or per program.
/// @dev The id holds the owner, so a badge is one bit of storage: it exists or not.
contract LoyaltyBadge is ILoyaltyBadge {
    uint256 private constant MEMBER_SHIFT = 96;
    uint256 private constant TYPE_SHIFT = 64;

    bytes4 private constant ERC5192_ID = ILoyaltyBadge.locked.selector;
    bytes4 private constant ERC6982_ID =
        ILoyaltyBadge.locked.selector ^ ILoyaltyBadge.defaultLocked.selector;

    /// @inheritdoc ILoyaltyBadge
    address public immutable issuer;

    /// @inheritdoc ILoyaltyBadge
    string public name;
    /// @inheritdoc ILoyaltyBadge
    string public symbol;
    string private _baseURI;

    mapping(uint256 tokenId => bool) private _exists;

    /// @inheritdoc ILoyaltyBadge
    mapping(address member => uint256) public balanceOf;

    modifier onlyIssuer() {
        require(msg.sender == issuer, NotIssuer());
        _;
    }

    /// @param settlement Issues and revokes, for ever.
    /// @param baseURI Put before the badge type to make a token URI.
    constructor(
        address settlement,
        string memory collection,
        string memory collectionSymbol,
        string memory baseURI
    ) {
        issuer = settlement;
        name = collection;
        symbol = collectionSymbol;
        _baseURI = baseURI;
        emit DefaultLocked(true);
    }

    /// @inheritdoc ILoyaltyBadge
    function issue(uint256[] calldata ids) external onlyIssuer {
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 id = ids[i];
            address member = _memberOf(id);
            require(member != address(0), BadHolder());
            require(!_exists[id], BadgeExists(id));
            _exists[id] = true;
            ++balanceOf[member];
            emit Transfer(address(0), member, id);
            emit Locked(id);
        }
    }

    /// @inheritdoc ILoyaltyBadge
    function revoke(uint256[] calldata ids) external onlyIssuer {
        for (uint256 i = 0; i < ids.length; ++i) {
            _end(ids[i]);
        }
    }

    /// @inheritdoc ILoyaltyBadge
    function renounce(uint256 tokenId) external {
        require(msg.sender == _memberOf(tokenId), NotHolder());
        _end(tokenId);
    }

    /// @inheritdoc ILoyaltyBadge
    function approve(address, uint256) external pure {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyBadge
    function setApprovalForAll(address, bool) external pure {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyBadge
    function transferFrom(address, address, uint256) external pure {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyBadge
    function safeTransferFrom(address, address, uint256) external pure {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyBadge
    function safeTransferFrom(address, address, uint256, bytes calldata) external pure {
        revert NonTransferable();
    }

    /// @inheritdoc ILoyaltyBadge
    function ownerOf(uint256 tokenId) external view returns (address) {
        return _memberOf(_existing(tokenId));
    }

    /// @inheritdoc ILoyaltyBadge
    function holds(address member, uint32 badgeType, uint64 serial) external view returns (bool) {
        return _exists[idOf(member, badgeType, serial)];
    }

    /// @inheritdoc ILoyaltyBadge
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        uint256 badgeType = uint32(_existing(tokenId) >> TYPE_SHIFT);
        return string.concat(_baseURI, Strings.toString(badgeType));
    }

    /// @inheritdoc ILoyaltyBadge
    function defaultLocked() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc ILoyaltyBadge
    function locked(uint256 tokenId) external view returns (bool) {
        _existing(tokenId);
        return true;
    }

    /// @inheritdoc ILoyaltyBadge
    function getApproved(uint256 tokenId) external view returns (address) {
        _existing(tokenId);
        return address(0);
    }

    /// @inheritdoc ILoyaltyBadge
    function isApprovedForAll(address, address) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc ILoyaltyBadge
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC721).interfaceId
            || interfaceId == type(IERC721Metadata).interfaceId || interfaceId == ERC5192_ID
            || interfaceId == ERC6982_ID;
    }

    /// @inheritdoc ILoyaltyBadge
    function idOf(address member, uint32 badgeType, uint64 serial) public pure returns (uint256) {
        return (uint256(uint160(member)) << MEMBER_SHIFT) | (uint256(badgeType) << TYPE_SHIFT)
            | serial;
    }

    function _end(uint256 id) private {
        address member = _memberOf(_existing(id));
        delete _exists[id];
        --balanceOf[member];
        emit Transfer(member, address(0), id);
    }

    function _existing(uint256 id) private view returns (uint256) {
        require(_exists[id], UnknownBadge(id));
        return id;
    }

    function _memberOf(uint256 id) private pure returns (address) {
        return address(uint160(id >> MEMBER_SHIFT));
    }
}
