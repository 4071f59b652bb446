"""All that a text may be that somebody typed or scanned to name a member, the best first."""

from __future__ import annotations

import re
from typing import Final

from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind

TEXT_MAX: Final = 254
_COUNTRY_CODES: Final = {
    "Europe/Paris": "33",
    "Europe/Brussels": "32",
    "Europe/Zurich": "41",
    "Europe/Berlin": "49",
    "Europe/London": "44",
    "Europe/Madrid": "34",
}
_NATIONAL: Final = re.compile(r"0[1-9][0-9]{7,10}")
_FILLERS: Final = re.compile(r"[\s().\-/]")
_ORDER: Final = (
    IdentifierKind.EMAIL,
    IdentifierKind.PHONE,
    IdentifierKind.CARD,
    IdentifierKind.EXTERNAL_ID,
)


def guesses(text: str, timezone: str) -> list[Identifier]:
    """The identifiers that the text can be. A phone number as people say it at home is completed
    with the country code of the zone; an e-mail address is nothing else."""
    text = text.strip()[: TEXT_MAX + 1]
    found: list[Identifier] = []
    for kind in _ORDER:
        given = international(text, timezone) if kind is IdentifierKind.PHONE else text
        try:
            found.append(Identifier.parse(kind, given))
        except IdentifierInvalid:
            continue
        if kind is IdentifierKind.EMAIL:
            break
    return found


def international(text: str, timezone: str) -> str:
    """A phone number with its country code, where the zone says which that is."""
    compact, code = _FILLERS.sub("", text), _COUNTRY_CODES.get(timezone)
    if code is None or not _NATIONAL.fullmatch(compact):
        return text
    return f"+{code}{compact[1:]}"
