"""The codes of vouchers: short enough to be said aloud, and beyond guessing.

A code is 15 random characters and a check character, of an alphabet of 31 that has no look-alikes
(no 0 and O, 1 and I, U and V): 31^15 is more than 2^74. The check character makes a sum that is
weighted by place a multiple of 31. As 31 is a prime, no single wrong character and no two that
changed places give another right code.
"""

from __future__ import annotations

from typing import Final

from backend.core.spending_errors import VoucherCodeInvalid

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
CODE_ENTROPY_BYTES: Final = 16
CODE_LENGTH: Final = 16
QR_PREFIX: Final = "MEREAU:V:"
_GROUP: Final = 4
_BASE: Final = len(ALPHABET)
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_TEXT_MAX: Final = 64


def make_code(entropy: bytes) -> str:
    """A code from exactly 16 random bytes, without hyphens; raises ValueError otherwise."""
    if len(entropy) != CODE_ENTROPY_BYTES:
        raise ValueError(f"a code takes {CODE_ENTROPY_BYTES} bytes of entropy")
    number = int.from_bytes(entropy, "big")
    body = ""
    for _ in range(CODE_LENGTH - 1):
        number, value = divmod(number, _BASE)
        body += ALPHABET[value]
    return body + _check_character(body)


def parse_code(text: str) -> str:
    """The code as typed, scanned as a barcode or read from a QR code, in its one form.

    Raises VoucherCodeInvalid, whose message never repeats the text.
    """
    compact = text[:_TEXT_MAX].strip().upper().removeprefix(QR_PREFIX)
    compact = compact.replace("-", "").replace(" ", "")
    if len(text) > _TEXT_MAX or len(compact) != CODE_LENGTH or not _VALUES.keys() >= set(compact):
        raise VoucherCodeInvalid(
            f"A voucher code is {CODE_LENGTH} of the characters {ALPHABET}; hyphens do not count."
        )
    if _check_character(compact[:-1]) != compact[-1]:
        raise VoucherCodeInvalid("The voucher code is mistyped: its check character does not fit.")
    return compact


def shown(code: str) -> str:
    """The code in groups of four, as it is printed."""
    return "-".join(code[at : at + _GROUP] for at in range(0, CODE_LENGTH, _GROUP))


def qr_payload(code: str) -> str:
    """What a QR code holds; all of it in the alphanumeric mode (ISO/IEC 18004), so it is small."""
    return QR_PREFIX + code


def barcode_payload(code: str) -> str:
    """What a Code 128 barcode holds (ISO/IEC 15417)."""
    return code


def _check_character(body: str) -> str:
    total = sum(place * _VALUES[character] for place, character in enumerate(body, 2))
    return ALPHABET[-total % _BASE]
