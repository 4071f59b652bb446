"""Reading the tiers section of a rules document: every refusal names where, as a JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from backend.core.errors import RuleInvalid

TEXT_MAX: Final = 200
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Reading:
    """An object of the document and where it is; raises RuleInvalid for what is not allowed."""

    pointer: str
    fields: Mapping[str, object]

    @classmethod
    def of(cls, value: object, pointer: str, *known: str) -> Reading:
        """The object with none but the known members."""
        if not isinstance(value, Mapping):
            raise RuleInvalid("An object is expected here.", pointer=pointer)
        for name in value:
            if name not in known:
                raise RuleInvalid("There is no such setting.", pointer=f"{pointer}/{_part(name)}")
        return cls(pointer, value)

    def refuse(self, message: str, name: str) -> RuleInvalid:
        """The refusal to raise about a member."""
        return RuleInvalid(message, pointer=f"{self.pointer}/{name}")

    def child(self, name: str, *known: str) -> Reading:
        """A member that is an object."""
        return Reading.of(self.fields.get(name), f"{self.pointer}/{name}", *known)

    def children(self, name: str, count_max: int, *known: str) -> Iterator[Reading]:
        """The objects of a list; none where it is left out."""
        listed = self.fields.get(name, [])
        if not isinstance(listed, list) or len(listed) > count_max:
            raise self.refuse(f"A list of at most {count_max} is expected here.", name)
        for place, value in enumerate(listed):
            yield Reading.of(value, f"{self.pointer}/{name}/{place}", *known)

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number of the range."""
        value = self.fields.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.refuse(f"A whole number from {low} to {high} is expected here.", name)
        return value

    def choice(self, name: str, *allowed: str, default: str | None = None) -> str:
        """One of the allowed words."""
        value = self.fields.get(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise self.refuse(f"One of {', '.join(allowed)} is expected here.", name)
        return value

    def identifier(self, name: str) -> str:
        """1 to 32 small letters, digits, - and _; the first a letter or digit."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise self.refuse("An id has 1 to 32 of a-z, 0-9, - and _.", name)
        return value

    def words(self, name: str) -> str:
        """A text to show people."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX or not value.isprintable():
            raise self.refuse(f"A text of 1 to {TEXT_MAX} characters is expected here.", name)
        return value


def _part(name: object) -> str:
    return str(name)[:64].replace("~", "~0").replace("/", "~1")
