"""Benefits: what a level or a paid club gives besides points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.core.tier_reading import Reading

BENEFITS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Benefit:
    """For people to read, and for tills to look up by its id."""

    id: str
    english: str
    french: str


def benefits_of(read: Reading) -> tuple[Benefit, ...]:
    """What the `benefits` of a level or club list; raises RuleInvalid."""
    listed = read.children("benefits", BENEFITS_MAX, "id", "en", "fr")
    found = tuple(Benefit(one.identifier("id"), one.words("en"), one.words("fr")) for one in listed)
    if len({benefit.id for benefit in found}) < len(found):
        raise read.refuse("Every benefit has an id of its own.", "benefits")
    return found
