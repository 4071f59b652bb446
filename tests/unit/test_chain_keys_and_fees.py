"""Fees keep their cap, bumps are enough, signers keep their key."""

from __future__ import annotations

import copy
import pickle

import pytest
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st

from backend.chain.fees import FeePolicy, Fees, FeeTooHigh
from backend.chain.signer import LaneSigner, UnsignedTransaction

KEY = "0x" + "42" * 32
wei = st.integers(0, 10**15)


@given(st.integers(1, 10**15), wei, wei)
def test_first_fees_keep_the_cap(cap: int, base: int, tip: int) -> None:
    fees = FeePolicy(cap).first(base, tip)
    if isinstance(fees, FeeTooHigh):
        assert base > cap
        return
    assert max(1, base) <= fees.max_fee_wei <= cap
    assert fees.priority_fee_wei <= fees.max_fee_wei
    assert fees.max_fee_wei == max(1, min(cap, 2 * base + tip))


@given(st.integers(1, 10**15), wei, wei, wei, wei)
def test_bumps_rise_by_an_eighth_and_keep_the_cap(
    cap: int, base: int, tip: int, later_base: int, later_tip: int
) -> None:
    policy = FeePolicy(cap)
    first = policy.first(base, tip)
    if isinstance(first, FeeTooHigh):
        return
    bumped = policy.bump(first, later_base, later_tip)
    if isinstance(bumped, FeeTooHigh):
        assert bumped.needed_wei > cap
        return
    assert 8 * bumped.max_fee_wei >= 9 * first.max_fee_wei
    assert 8 * bumped.priority_fee_wei >= 9 * first.priority_fee_wei
    assert bumped.priority_fee_wei <= bumped.max_fee_wei <= cap


def test_a_cap_is_positive_and_a_refusal_says_both_numbers() -> None:
    with pytest.raises(ValueError, match="cap"):
        FeePolicy(0)
    assert str(FeePolicy(5).first(6, 0)) == "needs 6 wei per gas, the cap is 5"


def test_a_signature_is_of_the_right_transaction_and_repeats() -> None:
    signer = LaneSigner(KEY)
    unsigned = UnsignedTransaction(31337, 7, b"\x01" * 20, b"\x02\x03", 99_000, Fees(50, 5))
    signed = signer.sign(unsigned)
    assert signed == signer.sign(unsigned)
    assert signed.raw[0] == 2
    assert Account.recover_transaction(signed.raw).lower() == "0x" + signer.address.hex()
    fields = TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()
    assert (fields["nonce"], fields["gas"], fields["chainId"]) == (7, 99_000, 31337)
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"]) == (50, 5)
    assert fields["value"] == 0


def test_the_key_shows_nowhere() -> None:
    signer = LaneSigner(KEY)
    assert "42" * 4 not in repr(signer) + str(signer)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not to be copied"):
            leak(signer)
    with pytest.raises(ValueError, match="not a private key") as wrong:
        LaneSigner("0x" + "zz" * 32)
    assert "zz" not in str(wrong.value)
    assert wrong.value.__context__ is None
