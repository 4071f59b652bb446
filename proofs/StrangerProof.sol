// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramBatch} from "../contracts/interfaces/IProgramBatch.sol";
import {IProgramLife} from "../contracts/interfaces/IProgramLife.sol";
import {svm, vm} from "./Cheats.sol";
import {ProgramProof} from "./ProgramProof.sol";
import {Spec} from "./Spec.sol";

/// @title Who is not the issuer changes nobody's points, except by that member's signature.
contract StrangerProof is ProgramProof {
    function check_only_the_issuer_applies_batches(
        address caller,
        uint64 seq,
        bytes32 root,
        uint256 word
    ) external {
        uint256[] memory words = new uint256[](1);
        words[0] = word;
        refused(caller, abi.encodeCall(IProgramBatch.applyBatch, (seq, root, words)));
    }

    function check_only_the_issuer_rebinds(
        address caller,
        uint64 seq,
        bytes32 root,
        address from,
        address to,
        uint256 deadline
    ) external {
        bytes memory signature = svm.createBytes(65, "signature");
        refused(
            caller,
            abi.encodeCall(IProgramBatch.rebind, (seq, root, from, to, deadline, signature))
        );
    }

    function check_only_the_issuer_sets_limits(
        address caller,
        uint64 cap,
        uint48 mint,
        uint48 debit,
        bool paused
    ) external {
        IProgramLife.Limits memory wanted = IProgramLife.Limits(cap, mint, debit);
        refused(caller, abi.encodeCall(IProgramLife.setLimits, (wanted)));
        refused(caller, abi.encodeCall(IProgramLife.setMintPaused, (paused)));
    }

    function check_only_the_issuer_announces(address caller, bytes32 hash, uint256 from) external {
        string memory uri = string(svm.createBytes(40, "uri"));
        refused(caller, abi.encodeCall(IProgramLife.announceTerms, (hash, uri, from)));
        refused(caller, abi.encodeCall(IProgramLife.announceClosing, (from)));
    }

    /// @dev Whoever sweeps whomever: no live point of anybody changes, and the supply loses what
    /// the swept member's ledger balance loses.
    function check_a_sweep_takes_no_live_point(address caller) external {
        address swept = someMember("swept");
        address other = someMember("other");
        uint256 before = wordOf(swept);
        uint256 beforeOther = wordOf(other);
        uint256 supply = state().supply;
        uint256 rest = slot(1) & ~(uint256(type(uint64).max) << 64);
        bytes32 beforeFrame = frame();
        vm.assume(supply >= remainder(before));
        address[] memory members = new address[](1);
        members[0] = swept;

        vm.prank(caller);
        program.expire(members);

        assert(sameRights(before, wordOf(swept)));
        assert(sameRights(beforeOther, wordOf(other)));
        unchecked {
            uint256 left = remainder(before) - remainder(wordOf(swept));
            assert(state().supply == supply - left);
        }
        assert(slot(1) & ~(uint256(type(uint64).max) << 64) == rest);
        assert(frame() == beforeFrame);
    }

    /// @dev `setSignedOnly` answers to its caller alone, and leaves the points alone.
    function check_consent_is_the_caller_s(bool wanted) external {
        address caller = someMember("caller");
        address other = someMember("other");
        vm.assume(caller != other);
        uint256 before = wordOf(caller);
        uint256 beforeOther = wordOf(other);
        bytes32 beforeFrame = frame();

        vm.prank(caller);
        program.setSignedOnly(wanted);

        uint256 flag = wanted ? 1 << 200 : 0;
        assert(sameRights((before & ~uint256(1 << 200)) | flag, wordOf(caller)));
        assert(wordOf(other) == beforeOther);
        assert(frame() == beforeFrame);
    }

    function refused(address caller, bytes memory data) private {
        vm.assume(caller != ISSUER);
        vm.prank(caller);
        (bool success, bytes memory answer) = address(program).call(data);
        assert(!success);
        assert(bytes4(answer) == IProgramBatch.NotIssuer.selector);
    }
}
