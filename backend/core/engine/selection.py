"""Which lines of a basket a rule is about, found through an index rather than rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.core.engine.basket import LINE_KINDS, Line
from backend.core.engine.reading import Reading, one_of

_ATTRIBUTES: Final = ("sku", "category", "brand", "kind")


@dataclass(frozen=True, slots=True)
class Selector:
    """Lines whose every named attribute is among the values, less those of `without`.

    An empty set of values asks nothing of that attribute.
    """

    sku: frozenset[str] = frozenset()
    category: frozenset[str] = frozenset()
    brand: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    without: Selector | None = None

    @classmethod
    def parse(cls, reading: Reading) -> Selector:
        """{"sku": […], "category": […], "brand": […], "kind": […], "not": {…}}; what stands under
        `not` has no `not` of its own."""
        return cls._read(reading, *_ATTRIBUTES, "not")

    @classmethod
    def _read(cls, reading: Reading, *known: str) -> Selector:
        given = reading.fields(*known)
        if not given:
            raise reading.refuse(f"name at least one of {', '.join(known)}.")
        values = {
            name: reading.child(name).texts(one_of(*LINE_KINDS) if name == "kind" else None)
            for name in _ATTRIBUTES
            if reading.has(name)
        }
        without = None
        if reading.has("not"):
            without = cls._read(reading.child("not"), *_ATTRIBUTES)
        return cls(**values, without=without)

    def matches(self, line: Line) -> bool:
        """Whether the line is one of them."""
        if self.sku and line.sku not in self.sku:
            return False
        if self.category and line.category not in self.category:
            return False
        if self.brand and line.brand not in self.brand:
            return False
        if self.kind and line.kind not in self.kind:
            return False
        return self.without is None or not self.without.matches(line)


class SelectorIndex:
    """Selectors by the values that a line must have one of to match; each has a number."""

    def __init__(self) -> None:
        self._numbers: dict[Selector, int] = {}
        self._tables: dict[str, dict[str, list[tuple[int, Selector | None]]]] = {}
        self._others: list[tuple[int, Selector]] = []

    def number(self, selector: Selector) -> int:
        """The selector's number; the same for an equal one."""
        known = self._numbers.get(selector)
        if known is not None:
            return known
        number = self._numbers[selector] = len(self._numbers)
        name = next((name for name in _ATTRIBUTES if getattr(selector, name)), None)
        if name is None:
            self._others.append((number, selector))
            return number
        values = getattr(selector, name)
        # A selector of one attribute has nothing left to ask of a line that is found by it.
        more = None if selector == Selector(**{name: values}) else selector
        table = self._tables.setdefault(name, {})
        for value in values:
            table.setdefault(value, []).append((number, more))
        return number

    def places(self, lines: Sequence[Line], wanted: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """The places of the `wanted` lines by the number of the selector that matches them."""
        found: dict[int, list[int]] = {}
        for place in wanted:
            line = lines[place]
            for name, table in self._tables.items():
                for number, selector in table.get(getattr(line, name), ()):
                    if selector is None or selector.matches(line):
                        found.setdefault(number, []).append(place)
            for number, selector in self._others:
                if selector.matches(line):
                    found.setdefault(number, []).append(place)
        return {number: tuple(those) for number, those in found.items()}
