"""Conditions: when a rule applies. Each is compiled to a function of the context.

A condition is an object whose members must all hold. `any`, `all` and `not` combine conditions.
Which members are known depends on the scope: a segment asks about the member only, an event has
no basket, a purchase has everything but an event's attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from backend.core.engine.context import Context
from backend.core.engine.reading import Reading

Condition = Callable[[Context], bool]
DEPTH_MAX = 8


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a condition stands: what it may ask, and the segments and tiers that exist."""

    of: Literal["member", "event", "purchase"]
    segments: frozenset[str] = frozenset()
    tiers: frozenset[str] | None = None
    depth: int = field(default=0)

    @property
    def deeper(self) -> Scope:
        return Scope(self.of, self.segments, self.tiers, self.depth + 1)


Parser = Callable[[Reading, Scope], Condition]


def parse_when(reading: Reading, scope: Scope) -> Condition:
    """The condition an object states; raises RuleInvalid."""
    # The kinds of condition build on this module, so they are looked up when they are needed.
    from backend.core.engine.conditions_basket import BASKET, EVENT
    from backend.core.engine.conditions_member import MEMBER
    from backend.core.engine.conditions_time import TIME

    parsers: dict[str, Parser] = {**_COMBINATORS, **MEMBER}
    if scope.of != "member":
        parsers |= TIME
    if scope.of == "purchase":
        parsers |= BASKET
    if scope.of == "event":
        parsers |= EVENT
    if scope.depth > DEPTH_MAX:
        raise reading.refuse(f"conditions are at most {DEPTH_MAX} deep.")
    given = reading.fields(*sorted(parsers))
    if not given:
        raise reading.refuse("at least one condition is expected here.")
    # The order of the members says nothing, so the cheap ones are asked first.
    cheap_first = sorted(given, key=list(parsers).index, reverse=True)
    return _all([parsers[name](reading.child(name), scope) for name in cheap_first])


def _all(conditions: list[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    if len(conditions) == 2:
        first, second = conditions
        return lambda context: first(context) and second(context)

    def every(context: Context) -> bool:
        for condition in conditions:  # noqa: SIM110 - `all` over a generator takes twice as long
            if not condition(context):
                return False
        return True

    return every


def _parse_all(reading: Reading, scope: Scope) -> Condition:
    return _all([parse_when(item, scope.deeper) for item in reading.items(50)])


def _parse_any(reading: Reading, scope: Scope) -> Condition:
    conditions = [parse_when(item, scope.deeper) for item in reading.items(50)]

    def some(context: Context) -> bool:
        for condition in conditions:  # noqa: SIM110 - as in `_all`
            if condition(context):
                return True
        return False

    return some


def _parse_not(reading: Reading, scope: Scope) -> Condition:
    condition = parse_when(reading, scope.deeper)
    return lambda context: not condition(context)


_COMBINATORS: dict[str, Parser] = {"any": _parse_any, "all": _parse_all, "not": _parse_not}
