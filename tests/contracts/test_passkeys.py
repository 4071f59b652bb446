"""Passkeys as keys of members: WebAuthn on P-256."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from contract_model import assert_refused
from eth_abi import encode
from test_consent import P256_ADDRESS, PASSKEY_TUPLE, SHOP, mint

from signing import (
    FAR,
    P256_ORDER,
    P256_PRECOMPILE,
    Passkey,
    digest_of,
    install,
)


def test_a_chain_without_p256_says_so(project: Any, direct: Any, operator: Any) -> None:
    ape.chain.provider.make_request("anvil_setCode", [P256_ADDRESS, "0x"])
    passkey = Passkey()
    mint(direct, operator, passkey.address)
    message = {"member": passkey.address, "amount": 1, "redemptionId": SHOP, "nonce": 0}
    assertion = passkey.assertion(digest_of(direct, "Redeem", **message))
    assert_refused(
        direct.MissingPrecompile,
        {"": P256_ADDRESS},
        direct.redeemPasskey,
        *(1, SHOP, FAR, assertion),
        sender=operator,
    )


@pytest.fixture
def p256() -> None:
    """The precompile, played by a contract that verifies the same."""
    install(P256_ADDRESS, "P256Precompile", P256_PRECOMPILE)


@pytest.mark.usefixtures("p256")
def test_passkeys_redeem(direct: Any, operator: Any, stranger: Any) -> None:
    passkey = Passkey()
    assert direct.passkeyMember(*passkey.point) == passkey.address
    mint(direct, operator, passkey.address)
    message = {"member": passkey.address, "amount": 30, "redemptionId": SHOP, "nonce": 0}
    assertion = passkey.assertion(digest_of(direct, "Redeem", **message))
    direct.redeemPasskey(30, SHOP, FAR, assertion, sender=stranger)
    assert direct.balanceOf(passkey.address) == direct.totalSupply() == 70
    bad = {"member": passkey.address}
    again = (30, SHOP, FAR, assertion)
    assert_refused(direct.BadSignature, bad, direct.redeemPasskey, *again, sender=stranger)

    message = {"member": passkey.address, "signedOnly": True, "nonce": 1}
    assertion = passkey.assertion(digest_of(direct, "SetSignedOnly", **message))
    signature = encode([PASSKEY_TUPLE], [assertion])
    arguments = (passkey.address, True, FAR, signature)
    direct.setSignedOnlyWithSignature(*arguments, sender=stranger)
    assert direct.isSignedOnly(passkey.address)


@pytest.mark.usefixtures("p256")
def test_what_passkeys_refuse(direct: Any, operator: Any, stranger: Any) -> None:
    honest = Passkey()
    mint(direct, operator, honest.address)
    message = {"member": honest.address, "amount": 1, "redemptionId": SHOP, "nonce": 0}
    digest = digest_of(direct, "Redeem", **message)
    good = honest.assertion(digest)
    wrong = {
        "not present": Passkey(flags=0x04).assertion(digest),
        "not verified": Passkey(flags=0x01).assertion(digest),
        "a registration": Passkey(kind="webauthn.create").assertion(digest),
        "another challenge": honest.assertion(b"\x01" * 32),
        "high s": honest.assertion(digest, high_s=True),
        "type elsewhere": (*good[:6], good[6] + 1, good[7]),
        "challenge elsewhere": (*good[:7], good[7] + 1),
        "challenge outside": (*good[:7], 2**256 - 1),
        "short data": (*good[:4], good[4][:36], *good[5:]),
        "another s": (*good[:3], (P256_ORDER // 3).to_bytes(32, "big"), *good[4:]),
    }
    for name, assertion in wrong.items():
        try:
            assert_refused(
                direct.BadSignature,
                {"member": honest.address},
                direct.redeemPasskey,
                *(1, SHOP, FAR, assertion),
                sender=stranger,
            )
        except AssertionError as error:
            raise AssertionError(name) from error
