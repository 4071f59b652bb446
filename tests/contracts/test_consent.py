"""What only a member's own key can do, with each of the three kinds of key."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from contract_model import (
    ACCRUE,
    ADJUST_DEBIT,
    REDEEM,
    RETURN,
    ROOT,
    ZERO_ADDRESS,
    assert_refused,
    member_address,
    pack,
)
from eth_abi import encode

from signing import (
    ERC1271_WALLET,
    FAR,
    Wallet,
    digest_of,
    install,
)

ANNA = Wallet(b"\x0a" * 32)
BEA = Wallet(b"\x0b" * 32)
CARD = member_address(7)
FRESH = member_address(8)
SHOP = b"\x55" * 32
P256_ADDRESS = "0x" + "00" * 18 + "0100"
PASSKEY_TUPLE = "(bytes32,bytes32,bytes32,bytes32,bytes,string,uint256,uint256)"


def mint(program: Any, operator: Any, *members: str, amount: int = 100) -> None:
    words = [pack(member, ACCRUE, amount) for member in members]
    program.applyBatch(program.nextSeq(), ROOT, words, sender=operator)


def signed_redeem(
    program: Any, wallet: Wallet, amount: int, changed: dict[str, Any] | None = None
) -> tuple[Any, ...]:
    """Arguments of `redeem` with a right signature, unless something is changed."""
    message = {
        "member": wallet.address,
        "amount": amount,
        "redemptionId": SHOP,
        "nonce": program.nonces(wallet.address),
        "deadline": FAR,
        **(changed or {}),
    }
    signature = wallet.sign(program, "Redeem", **message)
    return (wallet.address, amount, SHOP, FAR, signature)


def test_a_signature_redeems(direct: Any, operator: Any, stranger: Any) -> None:
    mint(direct, operator, ANNA.address)
    receipt = direct.redeem(*signed_redeem(direct, ANNA, 30), sender=stranger)
    assert direct.balanceOf(ANNA.address) == direct.totalSupply() == 70
    assert direct.nonces(ANNA.address) == 1
    (burn,) = receipt.decode_logs(direct.Transfer)
    assert (burn["from"], burn["to"], burn.value) == (ANNA.address, ZERO_ADDRESS, 30)
    (redeemed,) = receipt.decode_logs(direct.Redeemed)
    assert (redeemed.member, redeemed.amount) == (ANNA.address, 30)
    assert bytes(redeemed.redemptionId) == SHOP


def test_a_signature_is_used_once(direct: Any, operator: Any, stranger: Any) -> None:
    mint(direct, operator, ANNA.address)
    arguments = signed_redeem(direct, ANNA, 30)
    direct.redeem(*arguments, sender=stranger)
    bad = {"member": ANNA.address}
    assert_refused(direct.BadSignature, bad, direct.redeem, *arguments, sender=stranger)


@pytest.mark.parametrize(
    "changed",
    [
        {"member": BEA.address},
        {"amount": 31},
        {"redemptionId": ROOT},
        {"nonce": 1},
        {"deadline": FAR - 1},
    ],
    ids=str,
)
def test_a_signature_covers_every_argument(
    direct: Any, operator: Any, stranger: Any, changed: dict[str, Any]
) -> None:
    mint(direct, operator, ANNA.address)
    arguments = signed_redeem(direct, ANNA, 30, changed)
    bad = {"member": ANNA.address}
    assert_refused(direct.BadSignature, bad, direct.redeem, *arguments, sender=stranger)


def test_a_signature_is_for_one_program(new_direct: Any, operator: Any, stranger: Any) -> None:
    first, second = new_direct(b"\x01" * 32), new_direct(b"\x02" * 32)
    mint(second, operator, ANNA.address)
    arguments = signed_redeem(first, ANNA, 30)
    bad = {"member": ANNA.address}
    assert_refused(second.BadSignature, bad, second.redeem, *arguments, sender=stranger)


def test_what_redemptions_refuse(direct: Any, operator: Any, stranger: Any) -> None:
    mint(direct, operator, ANNA.address)
    zero = signed_redeem(direct, ANNA, 0)
    assert_refused(direct.ZeroAmount, {}, direct.redeem, *zero, sender=stranger)
    too_much = {"index": 0, "member": ANNA.address, "balance": 100, "amount": 101}
    arguments = signed_redeem(direct, ANNA, 101)
    assert_refused(direct.InsufficientBalance, too_much, direct.redeem, *arguments, sender=stranger)
    now = ape.chain.provider.web3.eth.get_block("latest")["timestamp"]
    late = now - 1
    signature = ANNA.sign(
        direct, "Redeem", member=ANNA.address, amount=1, redemptionId=SHOP, nonce=0, deadline=late
    )
    expired = {"deadline": late}
    arguments = (ANNA.address, 1, SHOP, late, signature)
    assert_refused(direct.SignatureExpired, expired, direct.redeem, *arguments, sender=stranger)
    for garbage in (b"", b"\x01" * 64, b"\x01" * 65, b"\x01" * 400):
        bad = {"member": CARD}
        arguments = (CARD, 1, SHOP, FAR, garbage)
        if len(garbage) < 400:
            assert_refused(direct.BadSignature, bad, direct.redeem, *arguments, sender=stranger)


def test_batches_of_signatures(direct: Any, operator: Any, stranger: Any) -> None:
    mint(direct, operator, ANNA.address, BEA.address)
    good = [signed_redeem(direct, ANNA, 10), signed_redeem(direct, BEA, 20)]
    bad = [good[0], signed_redeem(direct, BEA, 101)]
    refused = {"index": 1, "member": BEA.address, "balance": 100, "amount": 101}
    assert_refused(direct.InsufficientBalance, refused, direct.redeemBatch, bad, sender=stranger)
    twice = [good[0], good[0]]
    stolen = {"member": ANNA.address}
    assert_refused(direct.BadSignature, stolen, direct.redeemBatch, twice, sender=stranger)
    direct.redeemBatch(good, sender=stranger)
    assert (direct.balanceOf(ANNA.address), direct.balanceOf(BEA.address)) == (90, 80)
    assert direct.totalSupply() == 170


def test_signed_only_ends_the_operator_s_reach(direct: Any, operator: Any, stranger: Any) -> None:
    mint(direct, operator, ANNA.address)
    signature = ANNA.sign(direct, "SetSignedOnly", member=ANNA.address, signedOnly=True, nonce=0)
    arguments = (ANNA.address, True, FAR, signature)
    receipt = direct.setSignedOnlyWithSignature(*arguments, sender=stranger)
    (log,) = receipt.decode_logs(direct.SignedOnlySet)
    assert (log.member, log.signedOnly, log.nonce) == (ANNA.address, True, 1)
    assert direct.isSignedOnly(ANNA.address)
    assert not direct.signedOnlyProgram()
    for kind in (REDEEM, ADJUST_DEBIT):
        words = [pack(ANNA.address, ACCRUE, 1), pack(ANNA.address, kind, 1, reason=1)]
        assert_refused(
            direct.SignatureRequired,
            {"index": 1, "member": ANNA.address},
            direct.applyBatch,
            direct.nextSeq(),
            ROOT,
            words,
            sender=operator,
        )
    word = pack(ANNA.address, RETURN, 40)
    receipt = direct.applyBatch(direct.nextSeq(), ROOT, [word], sender=operator)
    (short,) = receipt.decode_logs(direct.ReturnShort)
    assert (short.member, short.amount, short.unpaid) == (ANNA.address, 40, 40)
    mint(direct, operator, ANNA.address)
    direct.redeem(*signed_redeem(direct, ANNA, 150), sender=stranger)
    assert direct.balanceOf(ANNA.address) == 50


def test_earning_in_a_later_period_keeps_consent_and_nonce(
    new_direct: Any, operator: Any, stranger: Any
) -> None:
    monthly = new_direct(SHOP, periodMonths=1, validityPeriods=2)
    mint(monthly, operator, ANNA.address)
    signature = ANNA.sign(monthly, "SetSignedOnly", member=ANNA.address, signedOnly=True, nonce=0)
    monthly.setSignedOnlyWithSignature(ANNA.address, True, FAR, signature, sender=stranger)
    ape.chain.mine(timestamp=monthly.periodStart(monthly.currentEpoch() + 1))
    mint(monthly, operator, ANNA.address)
    assert monthly.balanceOf(ANNA.address) == 200
    assert monthly.isSignedOnly(ANNA.address)
    assert monthly.nonces(ANNA.address) == 1


def test_signed_only_by_transaction_and_back(direct: Any, operator: Any, stranger: Any) -> None:
    member = stranger.address
    receipt = direct.setSignedOnly(True, sender=stranger)
    (log,) = receipt.decode_logs(direct.SignedOnlySet)
    assert (log.member, log.signedOnly, log.nonce) == (member, True, 0)
    assert direct.isSignedOnly(member)
    assert direct.memberWord(member) != 0
    mint(direct, operator, member)
    direct.setSignedOnly(False, sender=stranger)
    assert not direct.isSignedOnly(member)
    assert direct.balanceOf(member) == 100
    wrong = BEA.sign(direct, "SetSignedOnly", member=member, signedOnly=True, nonce=0)
    assert_refused(
        direct.BadSignature,
        {"member": member},
        direct.setSignedOnlyWithSignature,
        *(member, True, FAR, wrong),
        sender=operator,
    )
    other = BEA.sign(direct, "SetSignedOnly", member=BEA.address, signedOnly=False, nonce=0)
    assert_refused(
        direct.BadSignature,
        {"member": BEA.address},
        direct.setSignedOnlyWithSignature,
        *(BEA.address, True, FAR, other),
        sender=operator,
    )


def test_programs_signed_only_from_birth(new_direct: Any, operator: Any, stranger: Any) -> None:
    program = new_direct(b"\x03" * 32, signedOnly=True)
    mint(program, operator, ANNA.address)
    assert program.isSignedOnly(ANNA.address)
    assert_refused(
        program.SignatureRequired,
        {"index": 0, "member": ANNA.address},
        program.applyBatch,
        *(2, ROOT, [pack(ANNA.address, REDEEM, 1)]),
        sender=operator,
    )
    program.redeem(*signed_redeem(program, ANNA, 1), sender=stranger)
    assert program.balanceOf(ANNA.address) == 99


def test_contracts_sign_by_erc_1271(direct: Any, operator: Any, stranger: Any) -> None:
    wallet = member_address(40)
    install(wallet, "Erc1271Wallet", ERC1271_WALLET)
    mint(direct, operator, wallet)
    message = {"member": wallet, "amount": 5, "redemptionId": SHOP, "nonce": 0}
    yes = encode(["string", "bytes32"], ["yes", digest_of(direct, "Redeem", **message)])
    bad = {"member": wallet}
    no = (wallet, 5, SHOP, FAR, b"no")
    assert_refused(direct.BadSignature, bad, direct.redeem, *no, sender=stranger)
    direct.redeem(wallet, 5, SHOP, FAR, yes, sender=stranger)
    assert direct.balanceOf(wallet) == 95


def test_an_account_with_code_keeps_its_key(direct: Any, operator: Any, stranger: Any) -> None:
    install(ANNA.address, "Erc1271Wallet", ERC1271_WALLET)
    mint(direct, operator, ANNA.address)
    direct.redeem(*signed_redeem(direct, ANNA, 1), sender=stranger)
    ape.chain.provider.make_request("anvil_setCode", [ANNA.address, "0x"])
    assert direct.balanceOf(ANNA.address) == 99


def test_the_domain_is_declared(direct: Any) -> None:
    domain = direct.eip712Domain()
    assert bytes(domain.fields) == b"\x0f"
    assert (domain.name, domain.version) == ("Mereau LoyaltyProgram", "1")
    assert domain.chainId == ape.chain.chain_id
    assert domain.verifyingContract == direct.address
    assert bytes(domain.salt) == bytes(32)
    assert list(domain.extensions) == []
