"""Check digits and QR codes: what a scanner may misread is nobody's."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.cards import CardCheck, check_digit, new_number, require_valid
from backend.core.life_errors import CardCheckInvalid, QrInvalid
from backend.core.qr import QrKind, QrToken, read_qr

CHECKS = [CardCheck.LUHN, CardCheck.EAN13]
PROGRAM = "prg_01kdvdna00905t7f6hambfpdpk"
MEMBER = "mem_01kdvdna00jz2w4cgq3zq4vt8d"


def mac(message: bytes) -> bytes:
    return hmac.digest(b"k" * 32, message, "sha256")[:16]


@pytest.mark.parametrize(
    ("check", "number"),
    [
        # ISO/IEC 7812-1's example account number, and GS1's example of a GTIN-13.
        (CardCheck.LUHN, "79927398713"),
        (CardCheck.EAN13, "6291041500213"),
        (CardCheck.EAN13, "4006381333931"),
        (CardCheck.NONE, "AB12"),
    ],
)
def test_the_standards_own_examples_are_valid(check: CardCheck, number: str) -> None:
    require_valid(check, number)
    assert check is CardCheck.NONE or check_digit(check, number[:-1]) == number[-1]


@pytest.mark.parametrize("check", CHECKS)
@given(seed=st.binary(min_size=16, max_size=16), place=st.integers(0, 12), add=st.integers(1, 9))
def test_one_misread_digit_is_always_noticed(
    check: CardCheck, seed: bytes, place: int, add: int
) -> None:
    number = new_number(check, lambda size: seed[:size])
    require_valid(check, number)
    wrong = str((int(number[place]) + add) % 10)
    with pytest.raises(CardCheckInvalid):
        require_valid(check, number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("number", ["", "7", "A9927398713", "7992739871\u0663"])
@pytest.mark.parametrize("check", CHECKS)
def test_what_is_not_digits_is_no_number(check: CardCheck, number: str) -> None:
    with pytest.raises(CardCheckInvalid):
        require_valid(check, number)


def test_ean_numbers_are_of_the_range_for_ones_own_shops() -> None:
    number = new_number(CardCheck.EAN13, lambda size: bytes(size))
    assert (number[0], len(number)) == ("2", 13)


@given(expires=st.integers(0, 10**11), card=st.from_regex(r"[0-9A-Z]{4,64}", fullmatch=True))
def test_a_code_says_again_what_it_was_made_of(expires: int, card: str) -> None:
    for token in (
        QrToken(QrKind.MEMBER, PROGRAM, MEMBER, expires),
        QrToken(QrKind.CARD, PROGRAM, card),
    ):
        text = token.encode(mac)
        assert text == text.upper()
        assert read_qr(f" {text.lower()}\n", PROGRAM, mac) == token


@given(place=st.integers(0, 200), character=st.characters(codec="ascii"))
def test_a_code_that_was_changed_is_none(place: int, character: str) -> None:
    text = QrToken(QrKind.MEMBER, PROGRAM, MEMBER, 1_800_000_000).encode(mac)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    if changed.strip().upper() == text:
        return
    with pytest.raises(QrInvalid):
        read_qr(changed, PROGRAM, mac)


@pytest.mark.parametrize("text", ["", "MEREAU:1:M", "x" * 201, "https://example.org", "\x00"])
def test_other_codes_are_refused(text: str) -> None:
    with pytest.raises(QrInvalid):
        read_qr(text, PROGRAM, mac)


def test_a_code_of_another_program_or_key_is_refused() -> None:
    text = QrToken(QrKind.MEMBER, PROGRAM, MEMBER, 1_800_000_000).encode(mac)
    with pytest.raises(QrInvalid, match="another program"):
        read_qr(text, "prg_" + 26 * "0", mac)
    with pytest.raises(QrInvalid, match="not issued"):
        read_qr(text, PROGRAM, lambda _: bytes(16))
