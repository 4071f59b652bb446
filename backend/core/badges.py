"""Badges: the types there are, and the token id that says whose badge of which type it is.

The number of a type is in token ids for ever: a type is never renumbered or reused.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from backend.core.errors import BadgeTypeUnknown

SERIAL_BYTES: Final = 8
_MEMBER_BYTES: Final = 20
_MEMBER_SHIFT: Final = 96
_TYPE_SHIFT: Final = 64


@dataclass(frozen=True, slots=True)
class Wording:
    """What a type is called, and what it says of its holder, in one language."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class BadgeType:
    """A kind of badge, the same for every merchant; `name` is what programs call it."""

    number: int
    name: str
    english: Wording
    french: Wording


def _tier(number: int, name: str, english: str, french: str) -> BadgeType:
    return BadgeType(
        number,
        name,
        Wording(english, f"{english} tier of a loyalty program."),
        Wording(french, f"Niveau {french} d'un programme de fidélité."),
    )


TYPES: Final = (
    _tier(1, "bronze", "Bronze", "Bronze"),
    _tier(2, "silver", "Silver", "Argent"),
    _tier(3, "gold", "Gold", "Or"),
    _tier(4, "platinum", "Platinum", "Platine"),
    BadgeType(
        16,
        "welcome",
        Wording("Welcome", "A member who has just joined."),
        Wording("Bienvenue", "Un membre qui vient d'arriver."),
    ),
    BadgeType(
        17,
        "regular",
        Wording("Regular", "A member who comes back often."),
        Wording("Habitué", "Un membre qui revient souvent."),
    ),
    BadgeType(
        18,
        "reviewer",
        Wording("Reviewer", "A member who has given an opinion."),
        Wording("Critique", "Un membre qui a donné son avis."),
    ),
    BadgeType(
        19,
        "ambassador",
        Wording("Ambassador", "A member who has brought others."),
        Wording("Ambassadeur", "Un membre qui en a amené d'autres."),
    ),
)
_BY_NUMBER: Final = MappingProxyType({one.number: one for one in TYPES})
_BY_NAME: Final = MappingProxyType({one.name: one for one in TYPES})


def badge_type(asked: str | int) -> BadgeType:
    """The type of this name or number; raises BadgeTypeUnknown."""
    found = _BY_NAME.get(asked) if isinstance(asked, str) else _BY_NUMBER.get(asked)
    if found is None:
        names = ", ".join(one.name for one in TYPES)
        raise BadgeTypeUnknown(f"There is no such badge type. There are: {names}.")
    return found


def token_id(member: bytes, badge_type_number: int, serial: bytes) -> int:
    """LoyaltyBadge's id of a badge: member (20 bytes), type, serial (8 bytes).

    Raises ValueError for other lengths.
    """
    if len(member) != _MEMBER_BYTES or len(serial) != SERIAL_BYTES:
        raise ValueError("a token id takes 20 bytes of member and 8 of serial")
    whose = int.from_bytes(member, "big") << _MEMBER_SHIFT
    return whose | badge_type_number << _TYPE_SHIFT | int.from_bytes(serial, "big")


def moved(token: int, member: bytes) -> int:
    """The id of the same badge at another address (20 bytes)."""
    return int.from_bytes(member, "big") << _MEMBER_SHIFT | token % (1 << _MEMBER_SHIFT)


def holder(token: int) -> bytes:
    """The address that an id names, 20 bytes."""
    return (token >> _MEMBER_SHIFT).to_bytes(_MEMBER_BYTES, "big")


def type_number(token: int) -> int:
    """The number of the type that an id names."""
    return token >> _TYPE_SHIFT & 0xFFFF_FFFF
