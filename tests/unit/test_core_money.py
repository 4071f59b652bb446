"""Money: exact, bounded, in currencies that exist."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import AmountOutOfRange, CurrencyUnknown
from backend.core.money import (
    AMOUNT_MINOR_MAX,
    Money,
    currency_exponent,
    decimal_text,
    parse_decimal_minor,
)

EXPONENTS = st.sampled_from([0, 2, 3])


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [("EUR", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("TND", 3), ("CLF", None)],
)
def test_a_currency_has_its_minor_unit(currency: str, exponent: int | None) -> None:
    if exponent is None:
        with pytest.raises(CurrencyUnknown):
            currency_exponent(currency)
    else:
        assert currency_exponent(currency) == exponent


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "", "€", "ZZZ", "EUR ", "E\x00R"])
def test_a_currency_is_three_capital_letters_that_exist(currency: str) -> None:
    with pytest.raises(CurrencyUnknown):
        Money(1, currency)


@pytest.mark.parametrize("amount_minor", [0, 1, AMOUNT_MINOR_MAX])
def test_an_amount_within_bounds_is_money(amount_minor: int) -> None:
    assert Money(amount_minor, "EUR").amount_minor == amount_minor


@pytest.mark.parametrize("amount_minor", [-1, AMOUNT_MINOR_MAX + 1, 10**30, -(10**30)])
def test_an_amount_out_of_bounds_is_refused(amount_minor: int) -> None:
    with pytest.raises(AmountOutOfRange) as refusal:
        Money(amount_minor, "EUR")
    assert refusal.value.facts == {"amount_minor_max": AMOUNT_MINOR_MAX}


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [
        (1234, "EUR", "12.34 EUR"),
        (5, "EUR", "0.05 EUR"),
        (0, "EUR", "0.00 EUR"),
        (1234, "JPY", "1234 JPY"),
        (1234, "KWD", "1.234 KWD"),
    ],
)
def test_money_is_shown_with_the_digits_of_its_currency(
    amount_minor: int, currency: str, shown: str
) -> None:
    assert str(Money(amount_minor, currency)) == shown


@pytest.mark.parametrize(
    ("text", "exponent", "minor"),
    [
        ("12.34", 2, 1234),
        ("12.3", 2, 1230),
        ("12", 2, 1200),
        (" 12.340 ", 2, 1234),
        ("007.5", 2, 750),
        ("1234", 0, 1234),
        ("1234.00", 0, 1234),
        ("1.234", 3, 1234),
        ("0.07", 2, 7),
    ],
)
def test_plain_decimals_are_read(text: str, exponent: int, minor: int) -> None:
    assert parse_decimal_minor(text, exponent) == minor


@pytest.mark.parametrize(
    "text",
    ["", ".", "12.", ".5", "-1", "+1", "1e3", "1,5", "1 2", "12.345", "nan", "inf", "0x1", "1_0",
     "1.²", "1.٣", "٣", "²", "1.5.5"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(AmountOutOfRange):
        parse_decimal_minor(text, 2)


@pytest.mark.parametrize("digits", [5000, 41])
def test_more_digits_than_money_has_are_refused(digits: int) -> None:
    for text in ("9" * digits, f"1.{'0' * digits}1"):
        with pytest.raises(AmountOutOfRange):
            parse_decimal_minor(text, 2)


@given(st.integers(-(10**15), 10**15), EXPONENTS)
def test_the_text_is_the_exact_amount(amount_minor: int, exponent: int) -> None:
    assert Decimal(decimal_text(amount_minor, exponent)) == Decimal(amount_minor).scaleb(-exponent)


@given(st.integers(0, 10**15), EXPONENTS)
def test_text_and_amount_convert_both_ways(amount_minor: int, exponent: int) -> None:
    assert parse_decimal_minor(decimal_text(amount_minor, exponent), exponent) == amount_minor


@given(st.text(max_size=20), EXPONENTS)
def test_a_text_is_an_amount_or_refused_with_its_code(text: str, exponent: int) -> None:
    with suppress(AmountOutOfRange):
        assert parse_decimal_minor(text, exponent) >= 0
