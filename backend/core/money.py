"""Money as whole minor units of an ISO 4217 currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from backend.core.errors import AmountOutOfRange, CurrencyUnknown

AMOUNT_MINOR_MAX: Final = 10**12
_PLAIN_DECIMAL: Final = re.compile(r"([0-9]{1,40})(?:\.([0-9]+))?")

_TWO_DECIMALS: Final = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG".split()
)
_OTHER_EXPONENTS: Final = {
    **dict.fromkeys(
        ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF").split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


def currency_exponent(currency: str) -> int:
    """Decimal digits of a currency's minor unit (ISO 4217); raises CurrencyUnknown."""
    if currency in _TWO_DECIMALS:
        return 2
    if currency in _OTHER_EXPONENTS:
        return _OTHER_EXPONENTS[currency]
    raise CurrencyUnknown("The currency is not an ISO 4217 code in capital letters.")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of 0 … 10^12 minor units; raises AmountOutOfRange or CurrencyUnknown."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        currency_exponent(self.currency)
        if not 0 <= self.amount_minor <= AMOUNT_MINOR_MAX:
            raise AmountOutOfRange(
                f"The amount must be 0 to {AMOUNT_MINOR_MAX} minor units.",
                amount_minor_max=AMOUNT_MINOR_MAX,
            )

    def __str__(self) -> str:
        exponent = currency_exponent(self.currency)
        return f"{decimal_text(self.amount_minor, exponent)} {self.currency}"


def decimal_text(amount_minor: int, exponent: int) -> str:
    """The amount with its decimal point, exactly: (1234, 2) → '12.34'."""
    if not exponent:
        return str(amount_minor)
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def parse_decimal_minor(text: str, exponent: int) -> int:
    """Minor units of a plain decimal such as '12.34'; raises AmountOutOfRange for anything else."""
    found = _PLAIN_DECIMAL.fullmatch(text.strip())
    if found is None:
        raise AmountOutOfRange("The amount is not a plain decimal number.")
    whole, fraction = found[1], found[2] or ""
    if len(fraction.rstrip("0")) > exponent:
        raise AmountOutOfRange(f"The amount has more than {exponent} decimals.")
    minor_per_unit: int = 10**exponent
    return int(whole) * minor_per_unit + int(fraction[:exponent].ljust(exponent, "0") or "0")
