"""Benefits: what a level or a paid club gives besides points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.core.engine.reading import Reading

BENEFITS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Benefit:
    """For people to read, and for tills to look up by its id."""

    id: str
    english: str
    french: str


def benefits_of(reading: Reading) -> tuple[Benefit, ...]:
    """What the `benefits` of a level or club list; raises RuleInvalid."""
    found: list[Benefit] = []
    if reading.has("benefits"):
        for item in reading.child("benefits").items(BENEFITS_MAX):
            item.fields("id", "en", "fr")
            english, french = item.get("en", Reading.text), item.get("fr", Reading.text)
            found.append(Benefit(item.get("id", Reading.identifier), english, french))
    if len({benefit.id for benefit in found}) < len(found):
        raise reading.child("benefits").refuse("every benefit has an id of its own.")
    return tuple(found)


def names_of(reading: Reading) -> tuple[str, str]:
    """The English and French `name`; raises RuleInvalid."""
    name = reading.child("name")
    name.fields("en", "fr")
    return name.get("en", Reading.text), name.get("fr", Reading.text)
