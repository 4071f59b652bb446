"""Which rules an event can set off on one day, looked up by what each of them needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from backend.core.engine.context import Context
from backend.core.engine.rule import Rule

Numbers = tuple[int, ...]
Key = TypeVar("Key", int, str)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules in force, in the order they are applied in; the rest are numbers of them.

    A rule about some lines stands under their selector, another for members of a segment under
    that segment: what was not bought, and whom it is not for, costs nothing.
    """

    rules: tuple[Rule, ...] = ()
    anyway: Numbers = ()
    by_selector: Mapping[int, Numbers] = field(default_factory=dict)
    by_segment: Mapping[str, Numbers] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Plan:
        """The plan of these rules."""
        placed = tuple(rules)
        anyway: list[int] = []
        by_selector: dict[int, list[int]] = {}
        by_segment: dict[str, list[int]] = {}
        for number, rule in enumerate(placed):
            if rule.selector is not None:
                by_selector.setdefault(rule.selector, []).append(number)
            elif rule.segment is not None:
                by_segment.setdefault(rule.segment, []).append(number)
            else:
                anyway.append(number)
        return cls(placed, tuple(anyway), _tuples(by_selector), _tuples(by_segment))

    def candidates(self, context: Context, selected: Iterable[int]) -> list[Rule]:
        """The rules that can apply, in their order; `selected` are the selectors that match."""
        numbers = list(self.anyway)
        for selector in selected:
            numbers += self.by_selector.get(selector, ())
        for segment, those in self.by_segment.items():
            if context.in_segment(segment):
                numbers += those
        numbers.sort()
        return [self.rules[number] for number in numbers]


def _tuples(lists: Mapping[Key, list[int]]) -> dict[Key, Numbers]:
    return {key: tuple(numbers) for key, numbers in lists.items()}
