"""Codes that are said aloud: a mistake is found, and no way of writing one matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.spending_errors import VoucherCodeInvalid
from backend.core.voucher_codes import ALPHABET, make_code, parse_code, qr_payload, shown

ENTROPY = st.binary(min_size=16, max_size=16)


def refusal_of(text: str) -> str:
    with pytest.raises(VoucherCodeInvalid) as refused:
        parse_code(text)
    return refused.value.message


REFUSALS = {refusal_of(""), refusal_of("3" + "2" * 15)}


def is_code(text: str) -> bool:
    try:
        parse_code(text)
    except VoucherCodeInvalid:
        return False
    return True


@given(ENTROPY)
def test_every_way_of_writing_a_code_is_the_same_code(entropy: bytes) -> None:
    code = make_code(entropy)
    for text in (code, code.lower(), shown(code), f" {shown(code)} ", qr_payload(code)):
        assert parse_code(text) == code


@given(ENTROPY, st.integers(0, 15), st.sampled_from(ALPHABET))
def test_no_single_wrong_character_makes_another_code(
    entropy: bytes, place: int, character: str
) -> None:
    code = make_code(entropy)
    mistyped = code[:place] + character + code[place + 1 :]
    assert is_code(mistyped) == (mistyped == code)


@given(ENTROPY, st.integers(0, 15), st.integers(0, 15))
def test_no_two_characters_that_changed_places_make_another_code(
    entropy: bytes, one: int, other: int
) -> None:
    code = make_code(entropy)
    letters = list(code)
    letters[one], letters[other] = letters[other], letters[one]
    swapped = "".join(letters)
    assert is_code(swapped) == (swapped == code)


@given(st.text(max_size=70))
def test_any_text_is_a_code_or_refused_without_being_repeated(text: str) -> None:
    try:
        said = parse_code(text)
    except VoucherCodeInvalid as refusal:
        said = refusal.message
    assert said in REFUSALS or is_code(said)


def test_codes_use_the_whole_of_their_entropy() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        make_code(bytes(15))
    assert len({make_code(bytes(15) + bytes([last])) for last in range(256)}) == 256
    assert len({make_code(bytes([first]) + bytes(15)) for first in range(256)}) > 200
