// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {svm, vm} from "./Cheats.sol";
import {ProgramProof} from "./ProgramProof.sol";
import {Spec} from "./Spec.sol";

/// @title Only the member's own signature, over exactly this, once, spends or consents.
/// @dev For members who are accounts without code; the signature is any 65 bytes. `ecrecover` is an
/// unknown function to the solver, the same one here and in the contract, so what is shown holds
/// however it answers. The EIP-712 digest is built here a second time.
contract SignatureProof is ProgramProof {
    bytes32 private constant REDEEM = keccak256(
        "Redeem(address member,uint256 amount,bytes32 redemptionId,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant SET_SIGNED_ONLY = keccak256(
        "SetSignedOnly(address member,bool signedOnly,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    struct Case {
        address member;
        address other;
        uint256 before;
        uint256 beforeOther;
        uint256 nonce;
        bytes signature;
    }

    function check_redemption_takes_the_member_s_signature(
        address caller,
        uint256 amount,
        bytes32 id,
        uint256 deadline
    ) external {
        Case memory each = someCase();
        // One lot: the others are MemberWordProof's.
        vm.assume(each.before & (2 ** 200 - 2 ** 40) == 0);

        vm.prank(caller);
        try program.redeem(each.member, amount, id, deadline, each.signature) {}
        catch {
            return;
        }
        assertSigned(
            each,
            keccak256(abi.encode(REDEEM, each.member, amount, id, each.nonce, deadline)),
            deadline
        );
        unchecked {
            uint256 held = Spec.sum(lotsNow(each.before));
            assert(amount <= held);
            assert(Spec.sum(Spec.read(wordOf(each.member)).lots) == held - amount);
        }
        assert(Spec.read(wordOf(each.member)).signedOnly == Spec.read(each.before).signedOnly);
    }

    function check_consent_takes_the_member_s_signature(
        address caller,
        bool wanted,
        uint256 deadline
    ) external {
        Case memory each = someCase();

        vm.prank(caller);
        try program.setSignedOnlyWithSignature(each.member, wanted, deadline, each.signature) {}
        catch {
            return;
        }
        assertSigned(
            each,
            keccak256(abi.encode(SET_SIGNED_ONLY, each.member, wanted, each.nonce, deadline)),
            deadline
        );
        assert(Spec.same(Spec.read(wordOf(each.member)).lots, lotsNow(each.before)));
        assert(Spec.read(wordOf(each.member)).signedOnly == Spec.pick(wanted, 1, 0));
    }

    function someCase() private view returns (Case memory each) {
        each.member = someMember("member");
        each.other = svm.createAddress("other");
        each.signature = svm.createBytes(65, "signature");
        vm.assume(each.member.code.length == 0);
        vm.assume(each.other != each.member);
        each.before = wordOf(each.member);
        each.beforeOther = wordOf(each.other);
        each.nonce = Spec.read(each.before).nonce;
        vm.assume(each.nonce < 0x7fffffffff);
    }

    function assertSigned(Case memory each, bytes32 structHash, uint256 deadline) private view {
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN,
                keccak256("Mereau LoyaltyProgram"),
                keccak256("1"),
                block.chainid,
                address(program)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        bytes memory signature = each.signature;
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
        assert(ecrecover(digest, v, r, s) == each.member);
        assert(NOW <= deadline);
        assert(wordOf(each.other) == each.beforeOther);
        unchecked {
            assert(Spec.read(wordOf(each.member)).nonce == each.nonce + 1);
        }
    }
}
