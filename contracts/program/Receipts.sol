// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Receipt leaves and their Merkle proofs, as backend/core/receipts.py makes them.
/// @notice SHA-256; leaves begin with 0x00 and a domain, nodes with 0x01, and a level's odd last
/// node moves up unchanged.
library Receipts {
    /// @notice The leaf of one batch word of one program.
    function leaf(
        address program,
        uint64 seq,
        uint32 index,
        uint256 word,
        bytes32 commitment
    ) internal pure returns (bytes32) {
        return sha256(
            abi.encodePacked(
                bytes1(0x00), "mereau/receipt/1", program, seq, index, word, commitment
            )
        );
    }

    /// @notice Whether `leafHash` is leaf `index` of the `count` leaves under `root`.
    function verify(
        bytes32 root,
        bytes32 leafHash,
        uint256 index,
        uint256 count,
        bytes32[] calldata proof
    ) internal pure returns (bool) {
        if (index >= count) return false;
        uint256 used = 0;
        bytes32 computed = leafHash;
        for (uint256 width = count; width > 1; width = (width + 1) / 2) {
            if (index ^ 1 < width) {
                if (used == proof.length) return false;
                bytes32 sibling = proof[used++];
                computed = index & 1 == 1 ? _node(sibling, computed) : _node(computed, sibling);
            }
            index >>= 1;
        }
        return used == proof.length && computed == root;
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
