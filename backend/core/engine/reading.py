"""Reading a rules document strictly: every wrong value is refused with its JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar, overload

from backend.core.errors import RuleInvalid

ID: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
TEXT_MAX: Final = 200
NUMBER_MAX: Final = 10**12
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_ANYTHING: Final = object()
Item = TypeVar("Item")
Default = TypeVar("Default")


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of the document and where it stands (RFC 6901)."""

    value: object
    pointer: str = ""

    def refuse(self, message: str) -> RuleInvalid:
        """The error to raise about this value."""
        return RuleInvalid(f"{self.pointer or '/'}: {message}", pointer=self.pointer)

    def fields(self, *known: str) -> Mapping[str, object]:
        """The value as an object that has none but the known members."""
        value = self.value
        if not isinstance(value, Mapping):
            raise self.refuse("an object is expected here.")
        for name in value:
            if name not in known:
                step = str(name)[:64]
                raise self.child(step).refuse(f"unknown; one of {', '.join(known)}.")
        return value

    def child(self, name: str | int) -> Reading:
        """The reading of a member or item; None where there is none."""
        value: object = None
        if isinstance(self.value, Mapping):
            value = self.value.get(name)
        elif isinstance(self.value, list) and isinstance(name, int):
            value = self.value[name]
        step = str(name).replace("~", "~0").replace("/", "~1")
        return Reading(value, f"{self.pointer}/{step}")

    def has(self, name: str) -> bool:
        """Whether the object has this member, with a value."""
        return isinstance(self.value, Mapping) and self.value.get(name) is not None

    def integer(self, low: int = 0, high: int = NUMBER_MAX) -> int:
        """A whole number; 1.0 and true are none."""
        if type(self.value) is not int or not low <= self.value <= high:
            raise self.refuse(f"a whole number from {low} to {high} is expected here.")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse("true or false is expected here.")
        return self.value

    def text(self, longest: int = TEXT_MAX) -> str:
        """Printable text that is not empty."""
        value = self.value
        if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
            raise self.refuse(f"a text of 1 to {longest} printable characters is expected here.")
        return value

    def identifier(self) -> str:
        """A name of the document's own: small letters, digits, `_`, `.` and `-`."""
        if not isinstance(self.value, str) or not ID.fullmatch(self.value):
            raise self.refuse("an id is 1 to 64 small letters, digits, '_', '.' or '-'.")
        return self.value

    def choice(self, *allowed: str) -> str:
        if not isinstance(self.value, str) or self.value not in allowed:
            raise self.refuse(f"one of {', '.join(allowed)} is expected here.")
        return self.value

    def day(self) -> date:
        """A date such as "2026-11-22"."""
        try:
            if isinstance(self.value, str) and len(self.value) == 10:
                return date.fromisoformat(self.value)
        except ValueError as wrong:
            raise self.refuse("there is no such date.") from wrong
        raise self.refuse("a date such as 2026-11-22 is expected here.")

    def minute_of_day(self) -> int:
        """A time of day such as "17:30", in minutes; "24:00" is 1440."""
        if not isinstance(self.value, str) or not _CLOCK.fullmatch(self.value):
            raise self.refuse("a time such as 17:30 is expected here.")
        hours, minutes = self.value.split(":")
        return int(hours) * 60 + int(minutes)

    def items(self, most: int = 1000, least: int = 1) -> Iterator[Reading]:
        """The items of a list."""
        if not isinstance(self.value, list) or not least <= len(self.value) <= most:
            raise self.refuse(f"a list of {least} to {most} items is expected here.")
        return (self.child(index) for index in range(len(self.value)))

    def texts(self, read: Callable[[Reading], str] | None = None) -> frozenset[str]:
        """A list of different texts."""
        found = [(read or Reading.text)(item) for item in self.items()]
        if len(set(found)) != len(found):
            raise self.refuse("the same value stands here twice.")
        return frozenset(found)

    @overload
    def get(self, name: str, read: Callable[[Reading], Item]) -> Item: ...

    @overload
    def get(
        self, name: str, read: Callable[[Reading], Item], default: Default
    ) -> Item | Default: ...

    def get(
        self, name: str, read: Callable[[Reading], Item], default: object = _ANYTHING
    ) -> object:
        """A member read by `read`; `default` where it is missing, refused without one."""
        child = self.child(name)
        if child.value is None:
            if default is _ANYTHING:
                raise child.refuse("is missing.")
            return default
        return read(child)


def whole(low: int = 0, high: int = NUMBER_MAX) -> Callable[[Reading], int]:
    """A reader of whole numbers in a range."""
    return lambda reading: reading.integer(low, high)


def one_of(*allowed: str) -> Callable[[Reading], str]:
    """A reader of one of these words."""
    return lambda reading: reading.choice(*allowed)


def bounds(reading: Reading, low: int = 0) -> tuple[int, int]:
    """{"min": …, "max": …}, either of which may be missing."""
    given = reading.fields("min", "max")
    least = reading.get("min", whole(low), low)
    most = reading.get("max", whole(low), NUMBER_MAX)
    if not given or most < least:
        raise reading.refuse("min, max or both are expected here, min first.")
    return least, most
