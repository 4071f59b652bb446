"""What a member can be found by, brought into one form so that it is found again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.core.errors import IdentifierInvalid, ReceiptIdInvalid

RECEIPT_ID_MAX: Final = 128
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_FILLERS: Final = re.compile(r"[\s().\-/]")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_CARD: Final = re.compile(r"[0-9A-Z]{4,64}")


class IdentifierKind(StrEnum):
    EXTERNAL_ID = "external_id"
    PHONE = "phone"
    EMAIL = "email"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier in its normal form; build it with `parse`."""

    kind: IdentifierKind
    value: str

    @classmethod
    def parse(cls, kind: IdentifierKind, text: str) -> Identifier:
        """Normalises phone (E.164), e-mail (lower case), card (capitals, no separators).

        Raises IdentifierInvalid, whose message never repeats the text.
        """
        return cls(kind, _NORMALISE[kind](text))


def receipt_id(text: str) -> str:
    """A till's receipt number, 1 to 128 printable characters; raises ReceiptIdInvalid."""
    if not 1 <= len(text) <= RECEIPT_ID_MAX or not text.isprintable() or text != text.strip():
        raise ReceiptIdInvalid(
            f"A receipt id is 1 to {RECEIPT_ID_MAX} printable characters, not starting or ending"
            " with a space."
        )
    return text


def _phone(text: str) -> str:
    compact = _PHONE_FILLERS.sub("", text)
    compact = f"+{compact[2:]}" if compact.startswith("00") else compact
    if not _PHONE.fullmatch(compact):
        raise IdentifierInvalid("A phone number starts with + and the country code (E.164).")
    return compact


def _email(text: str) -> str:
    lowered = text.strip().lower()
    if len(lowered) > 254 or not lowered.isprintable() or not _EMAIL.fullmatch(lowered):
        raise IdentifierInvalid("The e-mail address is not valid.")
    return lowered


def _card(text: str) -> str:
    compact = re.sub(r"[\s\-]", "", text)
    # Capitals only of ASCII letters: ß would become another card's SS.
    compact = compact.upper() if compact.isascii() else compact
    if not _CARD.fullmatch(compact):
        raise IdentifierInvalid("A card number is 4 to 64 letters and digits.")
    return compact


def _external_id(text: str) -> str:
    if not 1 <= len(text) <= 128 or not text.isprintable() or text != text.strip():
        raise IdentifierInvalid(
            "An external id is 1 to 128 printable characters, not starting or ending with a space."
        )
    return text


_NORMALISE: Final = {
    IdentifierKind.EXTERNAL_ID: _external_id,
    IdentifierKind.PHONE: _phone,
    IdentifierKind.EMAIL: _email,
    IdentifierKind.CARD: _card,
}
