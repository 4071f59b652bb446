"""Card numbers with a check digit, so that a misread or mistyped one is nobody's.

`luhn` is ISO/IEC 7812-1 annex B, `ean13` the check digit of GS1 General Specifications 7.9, which
every till's scanner verifies by itself; 13 digits starting with 2 are for use in one's own shops.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from backend.core.life_errors import CardCheckInvalid

_DIGITS: Final = frozenset("0123456789")
_LUHN_LENGTH: Final = 16
_EAN_LENGTH: Final = 13
_PLAIN_LENGTH: Final = 16
_PLAIN_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class CardCheck(StrEnum):
    """What a program asks of its card numbers."""

    NONE = "none"
    LUHN = "luhn"
    EAN13 = "ean13"


def check_digit(check: CardCheck, body: str) -> str:
    """The digit to append to `body` (digits only); nothing where none is asked for."""
    if check is CardCheck.NONE:
        return ""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit)
        if place % 2 == 0:
            value = _doubled(value) if check is CardCheck.LUHN else 3 * value
        total += value
    return str(-total % 10)


def require_valid(check: CardCheck, number: str) -> None:
    """Raises CardCheckInvalid for a number in normal form that the program does not take."""
    if check is CardCheck.NONE:
        return
    if not _DIGITS.issuperset(number) or len(number) < 2:
        raise CardCheckInvalid("The program's card numbers are digits, the last one a check digit.")
    if check is CardCheck.EAN13 and len(number) != _EAN_LENGTH:
        raise CardCheckInvalid(f"The program's card numbers have {_EAN_LENGTH} digits.")
    if check_digit(check, number[:-1]) != number[-1]:
        raise CardCheckInvalid("The card number's check digit is wrong; read it again.")


def new_number(check: CardCheck, entropy: Callable[[int], bytes]) -> str:
    """A random number that `require_valid` takes. `entropy` gives so many random bytes."""
    drawn = int.from_bytes(entropy(16), "big")
    if check is CardCheck.NONE:
        return "".join(_PLAIN_ALPHABET[drawn >> 5 * place & 31] for place in range(_PLAIN_LENGTH))
    head, length = ("9", _LUHN_LENGTH) if check is CardCheck.LUHN else ("2", _EAN_LENGTH)
    free = length - len(head) - 1
    body = head + f"{drawn % 10**free:0{free}d}"
    return body + check_digit(check, body)


def _doubled(value: int) -> int:
    return 2 * value if value < 5 else 2 * value - 9
