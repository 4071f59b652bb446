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

    function check_redemption_takes_a_signature_in_the_period_of_the_word(
        address caller,
        uint256 amount,
        bytes32 id,
        uint256 deadline
    ) external {
        redeems(0, caller, amount, id, deadline);
    }

    function check_redemption_takes_a_signature_one_period_later(
        address caller,
        uint256 amount,
        bytes32 id,
        uint256 deadline
    ) external {
        redeems(1, caller, amount, id, deadline);
    }

    function check_redemption_takes_a_signature_two_periods_later(
        address caller,
        uint256 amount,
        bytes32 id,
        uint256 deadline
    ) external {
        redeems(2, caller, amount, id, deadline);
    }

    function check_redemption_takes_a_signature_three_periods_later(
        address caller,
        uint256 amount,
        bytes32 id,
        uint256 deadline
    ) external {
        redeems(3, caller, amount, id, deadline);
    }

    function check_redemption_takes_a_signature_four_periods_later(
        address caller,
        uint256 amount,
        bytes32 id,
        uint256 deadline
    ) external {
        redeems(4, caller, amount, id, deadline);
    }

    function check_redemption_takes_a_signature_long_after(
        address caller,
        uint256 amount,
        bytes32 id,
        uint256 deadline
    ) external {
        redeems(LONG_AGO, caller, amount, id, deadline);
    }

    /// @dev The member has points of one period: that the oldest go first is MemberWordProof's.
    function redeems(uint256 gone, address caller, uint256 amount, bytes32 id, uint256 deadline)
        private
    {
        Case memory each = someCase(memberWithOneLotAfter(gone));

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
        Spec.Member memory later = Spec.read(wordOf(each.member));
        unchecked {
            uint256 held = balanceNow(each.before);
            bool good = Spec.all(amount <= held, theLot(later.lots) == held - amount);
            good = Spec.all(good, sameAge(lotsNow(each.before), later.lots));
            assert(Spec.all(good, later.signedOnly == Spec.read(each.before).signedOnly));
        }
    }

    function check_consent_takes_a_signature_in_the_period_of_the_word(
        address caller,
        bool wanted,
        uint256 deadline
    ) external {
        consents(0, caller, wanted, deadline);
    }

    function check_consent_takes_a_signature_one_period_later(
        address caller,
        bool wanted,
        uint256 deadline
    ) external {
        consents(1, caller, wanted, deadline);
    }

    function check_consent_takes_a_signature_two_periods_later(
        address caller,
        bool wanted,
        uint256 deadline
    ) external {
        consents(2, caller, wanted, deadline);
    }

    function check_consent_takes_a_signature_three_periods_later(
        address caller,
        bool wanted,
        uint256 deadline
    ) external {
        consents(3, caller, wanted, deadline);
    }

    function check_consent_takes_a_signature_four_periods_later(
        address caller,
        bool wanted,
        uint256 deadline
    ) external {
        consents(4, caller, wanted, deadline);
    }

    function check_consent_takes_a_signature_long_after(
        address caller,
        bool wanted,
        uint256 deadline
    ) external {
        consents(LONG_AGO, caller, wanted, deadline);
    }

    function consents(uint256 gone, address caller, bool wanted, uint256 deadline) private {
        Case memory each = someCase(memberAfter(gone));

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

    function someCase(uint256 word) private view returns (Case memory each) {
        each.member = MEMBER;
        each.other = someoneElse();
        each.signature = svm.createBytes(65, "signature");
        each.before = word;
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
