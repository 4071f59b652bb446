"""The hand-written ABI against the reference encoder."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from backend.chain import codec
from backend.chain.codec import SettleBatch
from backend.chain.contract_errors import decode_error, error_selector
from backend.chain.keccak import checksummed, keccak256, selector
from backend.chain.port import Log
from backend.chain.program_rules import ProgramRules

PARAMETERS = (
    "(string,string,uint8,uint8,uint8,int16,bool,uint16,uint64,uint48,uint48,bytes32,string,string)"
)
BATCHES = "(address,uint64,bytes32,uint256[])[]"
addresses = st.binary(min_size=20, max_size=20)
hashes = st.binary(min_size=32, max_size=32)
batches = st.builds(
    SettleBatch,
    program=addresses,
    seq=st.integers(0, 2**64 - 1),
    receipts_root=hashes,
    words=st.lists(hashes, max_size=5).map(b"".join),
)


def reference(batch: SettleBatch) -> tuple[Any, ...]:
    words = [int.from_bytes(batch.words[at : at + 32]) for at in range(0, len(batch.words), 32)]
    return ("0x" + batch.program.hex(), batch.seq, batch.receipts_root, words)


def log(topics: list[bytes], data: bytes) -> Log:
    return Log(b"\xaa" * 20, tuple(topics), data, 1, bytes(32), bytes(32), 0, 0)


@given(st.lists(batches, max_size=4))
def test_settle_is_encoded_as_the_reference_does(given_batches: list[SettleBatch]) -> None:
    calldata = codec.encode_settle(given_batches)
    expected = encode([BATCHES], [[reference(batch) for batch in given_batches]])
    assert calldata == codec.SETTLE + expected
    assert codec.decode_settle(calldata) == given_batches


@given(addresses, hashes, st.text(max_size=80), st.text(max_size=40), st.integers(0, 255))
def test_create_program_is_encoded_as_the_reference_does(
    issuer: bytes, salt: bytes, name: str, symbol: str, decimals: int
) -> None:
    rules = ProgramRules(3, 4, -210, True, 45, 9, 8, 7, salt, symbol, name)
    calldata = codec.encode_create_program(issuer, salt, name, symbol, decimals, rules)
    parameters = (name, symbol, decimals, 3, 4, -210, True, 45, 9, 8, 7, salt, symbol, name)
    expected = encode(["address", "bytes32", PARAMETERS], ["0x" + issuer.hex(), salt, parameters])
    assert calldata == codec.CREATE_PROGRAM + expected


@given(addresses, addresses, hashes, st.text(max_size=80), st.text(max_size=40))
def test_program_created_is_decoded(
    program: bytes, issuer: bytes, salt: bytes, name: str, symbol: str
) -> None:
    data = encode(["uint32", "string", "string", "uint8"], [1, name, symbol, 2])
    topics = [codec.PROGRAM_CREATED_TOPIC, bytes(12) + program, bytes(12) + issuer, salt]
    event = codec.decode_program_created(log(topics, data))
    assert (event.program, event.issuer, event.salt) == (program, issuer, salt)
    assert (event.version, event.name, event.symbol, event.decimals) == (1, name, symbol, 2)


def test_views_are_encoded_as_the_reference_does() -> None:
    member, salt = b"\x11" * 20, b"\x22" * 32
    as_word = encode(["address"], ["0x" + member.hex()])
    assert codec.encode_balance_of(member) == selector("balanceOf(address)") + as_word
    assert codec.encode_is_operator(member) == selector("isOperator(address)") + as_word
    assert codec.encode_program_of(member, salt) == selector("programOf(address,bytes32)") + encode(
        ["address", "bytes32"], ["0x" + member.hex(), salt]
    )
    assert codec.decode_address(as_word) == member
    assert codec.decode_uint(encode(["uint256"], [2**255])) == 2**255


def test_transfers_have_a_sign() -> None:
    member, points = bytes(12) + b"\x33" * 20, encode(["uint256"], [7])
    topic, zero = codec.TRANSFER_TOPIC, bytes(32)
    assert codec.decode_transfer(log([topic, zero, member], points)).points == 7
    assert codec.decode_transfer(log([topic, member, zero], points)).points == -7
    for topics in ([topic, member, member], [topic, zero, zero], [topic, zero], [zero] * 3):
        with pytest.raises(ValueError, match=r"Transfer"):
            codec.decode_transfer(log(topics, points))


def test_batch_applied_is_decoded() -> None:
    data = encode(["bytes32", "uint256", "uint256", "uint256"], [b"\x44" * 32, 3, 20, 5])
    topics = [codec.BATCH_APPLIED_TOPIC, encode(["uint64"], [9])]
    event = codec.decode_batch_applied(log(topics, data))
    assert (event.seq, event.receipts_root) == (9, b"\x44" * 32)
    assert (event.word_count, event.minted_points, event.burned_points) == (3, 20, 5)
    with pytest.raises(ValueError, match="BatchApplied"):
        codec.decode_batch_applied(log(topics, data[:-1]))


def test_broken_data_is_a_value_error() -> None:
    calldata = codec.encode_settle([SettleBatch(b"\x01" * 20, 1, bytes(32), bytes(64))])
    for broken in (b"", b"\x00" * 4, calldata[:-1], calldata[:40], codec.SETTLE + b"\xff" * 64):
        with pytest.raises(ValueError, match=r"settle call|cut short|more batches"):
            codec.decode_settle(broken)
    for answer in (b"", bytes(31), bytes(64)):
        with pytest.raises(ValueError, match="expected one"):
            codec.decode_uint(answer)
    with pytest.raises(ValueError, match="expected one address"):
        codec.decode_address(b"\x01" * 32)
    with pytest.raises(ValueError, match="20 bytes"):
        codec.encode_balance_of(b"\x01")


def test_contract_errors_are_named_with_their_arguments() -> None:
    types = ["uint256", "address", "uint256", "uint256"]
    body = encode(types, [4, "0x" + "ab" * 20, 1, 2])
    error = decode_error(error_selector("InsufficientBalance") + body)
    assert error.word_index == 4
    assert str(error) == (
        f"InsufficientBalance(index=4, member=0x{'ab' * 20}, balance=1, amount=2)"
    )
    assert str(decode_error(error_selector("NotOperator"))) == "NotOperator()"
    assert decode_error(b"").name == "no reason"
    assert decode_error(b"\x01\x02\x03\x04rest").name == "0x01020304"
    assert decode_error(error_selector("BadSequence") + b"short").arguments == {}
    assert decode_error(error_selector("NotOperator")).word_index is None


def test_keccak_and_checksums_are_ethereums() -> None:
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"
    assert keccak256(b"").hex().startswith("c5d2460186f7233c927e7db2dcc703c0")
    address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    assert checksummed(bytes.fromhex(address[2:])) == address
    [decoded] = decode(["address"], bytes(12) + bytes.fromhex(address[2:]))
    assert str(decoded).lower() == address.lower()
