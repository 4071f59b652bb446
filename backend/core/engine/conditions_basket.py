"""Conditions about a purchase's basket, and about an event's attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from backend.core.engine.conditions import Condition, Parser, Scope
from backend.core.engine.context import Attribute, Context
from backend.core.engine.reading import Reading, bounds, whole
from backend.core.engine.selection import Selector

ATTRIBUTES_MAX: Final = 20


def _basis_minor(reading: Reading, _: Scope) -> Condition:
    low, high = bounds(reading)
    return lambda context: low <= context.basis_minor <= high


def _quantity(reading: Reading, _: Scope) -> Condition:
    low, high = bounds(reading)
    return lambda context: low <= context.quantity <= high


def _store(reading: Reading, _: Scope) -> Condition:
    stores = reading.texts()
    return lambda context: context.basket is not None and context.basket.store_id in stores


def _channel(reading: Reading, _: Scope) -> Condition:
    channels = reading.texts()
    return lambda context: context.basket is not None and context.basket.channel in channels


def _items(reading: Reading, _: Scope) -> Condition:
    """{"lines": {…}, "quantity": {"min": 2}, "basis_minor": {…}}: such lines, and so many."""
    reading.fields("lines", "quantity", "basis_minor")
    selector = reading.get("lines", Selector.parse)
    least, most = reading.get("quantity", bounds, (1, 10**12))
    low, high = reading.get("basis_minor", bounds, (0, 10**12))

    def holds(context: Context) -> bool:
        if context.basket is None:
            return False
        quantity = basis_minor = 0
        for line, basis in zip(context.basket.lines, context.line_basis, strict=False):
            if basis and selector.matches(line):
                quantity += line.quantity
                basis_minor += basis
        return least <= quantity <= most and low <= basis_minor <= high

    return holds


def _numbered(reading: Reading) -> tuple[int, int, int]:
    reading.fields("min", "max", "every")
    every = reading.get("every", whole(1), 1)
    low = reading.get("min", whole(1), 1)
    high = reading.get("max", whole(1), 10**12)
    if high < low:
        raise reading.refuse("min is not above max.")
    return low, high, every


def _purchase_number(reading: Reading, _: Scope) -> Condition:
    """Which purchase of the member this is: {"max": 1} is the first, {"every": 10} the tenth,
    the twentieth and so on."""
    low, high, every = _numbered(reading)
    return lambda context: (
        low <= context.purchase_number <= high and context.purchase_number % every == 0
    )


def _visit_number(reading: Reading, _: Scope) -> Condition:
    """As purchase_number, for days with a purchase: it holds for the first one of the day."""
    low, high, every = _numbered(reading)
    return lambda context: (
        context.new_visit
        and low <= context.visit_number <= high
        and context.visit_number % every == 0
    )


def _attributes(reading: Reading, _: Scope) -> Condition:
    """{"rating": {"min": 4}, "source": ["web", "app"], "verified": true}."""
    if not isinstance(reading.value, dict) or not 1 <= len(reading.value) <= ATTRIBUTES_MAX:
        raise reading.refuse("an object of attributes is expected here.")
    asked = {name: _of_attribute(reading.child(name)) for name in sorted(reading.value)}
    return lambda context: all(
        name in context.attributes and asked[name](context.attributes[name]) for name in asked
    )


def _of_attribute(reading: Reading) -> Callable[[Attribute], bool]:
    if isinstance(reading.value, bool):
        wanted = reading.value
        return lambda value: value is wanted
    if isinstance(reading.value, list):
        values = reading.texts()
        return lambda value: isinstance(value, str) and value in values
    low, high = bounds(reading, -(10**12))
    return lambda value: type(value) is int and low <= value <= high


BASKET: Final[dict[str, Parser]] = {
    "items": _items,
    "visit_number": _visit_number,
    "purchase_number": _purchase_number,
    "quantity": _quantity,
    "basis_minor": _basis_minor,
    "channel": _channel,
    "store": _store,
}
EVENT: Final[dict[str, Parser]] = {"attributes": _attributes}
