"""Figures of a program: what purchases, returns and journal entries add up to, by day and cohort.

Days are ordinals (date.toordinal) in the program's zone, months count from year 0. Adding is all
that happens here, so that figures may be kept up to some point and what came later be added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import date
from typing import Final

from backend.core.operations import Kind, Reason


@dataclass(slots=True)
class Day:
    """What happened on a day, or in several."""

    purchases: int = 0
    amount_minor: int = 0
    refunded_minor: int = 0
    minted_points: int = 0
    redeemed_points: int = 0
    returned_points: int = 0
    expired_points: int = 0

    def add(self, other: Day) -> None:
        self.purchases += other.purchases
        self.amount_minor += other.amount_minor
        self.refunded_minor += other.refunded_minor
        self.minted_points += other.minted_points
        self.redeemed_points += other.redeemed_points
        self.returned_points += other.returned_points
        self.expired_points += other.expired_points

    @property
    def is_empty(self) -> bool:
        return not any(astuple(self))


# The column of Day that a kind counts in, as the program's own totals do.
_COUNTED: Final[Mapping[Kind, tuple[str, int]]] = {
    Kind.ACCRUE: ("minted_points", 1),
    Kind.BONUS: ("minted_points", 1),
    Kind.ADJUST_CREDIT: ("minted_points", 1),
    Kind.REDEEM: ("redeemed_points", 1),
    Kind.RESTORE: ("redeemed_points", -1),
    Kind.REDEEM_UNDONE: ("redeemed_points", -1),
    Kind.RETURN: ("returned_points", 1),
    Kind.ADJUST_DEBIT: ("returned_points", 1),
    Kind.LAPSE: ("expired_points", 1),
    Kind.LAPSE_UNDONE: ("expired_points", -1),
}


@dataclass(slots=True)
class Figures:
    """`bought` are the days on which each member bought."""

    days: dict[int, Day] = field(default_factory=dict)
    bought: dict[str, set[int]] = field(default_factory=dict)

    def day(self, day: int) -> Day:
        found = self.days.get(day)
        if found is None:
            found = self.days[day] = Day()
        return found

    def purchase(self, member_id: str, day: int, amount_minor: int) -> None:
        on = self.day(day)
        on.purchases += 1
        on.amount_minor += amount_minor
        self.bought.setdefault(member_id, set()).add(day)

    def refund(self, day: int, value_minor: int) -> None:
        self.day(day).refunded_minor += value_minor

    def entry(self, day: int, kind: Kind, reason: int, points: int) -> None:
        """An entry of the journal; what only moved between two accounts of a person counts as
        nothing."""
        if reason != Reason.MOVED:
            column, sign = _COUNTED[kind]
            on = self.day(day)
            setattr(on, column, getattr(on, column) + sign * points)


def month_of(day: int) -> int:
    """The month of a day, counted from year 0."""
    when = date.fromordinal(day)
    return when.year * 12 + when.month - 1


def first_of_month(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def cohort_changes(
    before: Mapping[str, Iterable[int]], bought: Mapping[str, Iterable[int]]
) -> dict[tuple[int, int], int]:
    """How new days of buying change the cells (cohort month, month): `before` are the days that
    these members were known to have bought on. A purchase that comes late may move a member to
    another cohort, with all their months."""
    cells: dict[tuple[int, int], int] = {}

    def count(months: set[int], sign: int) -> None:
        first = min(months, default=0)
        for month in months:
            cells[first, month] = cells.get((first, month), 0) + sign

    for member_id, days in bought.items():
        old = {month_of(day) for day in before.get(member_id, ())}
        count(old, -1)
        count(old | {month_of(day) for day in days}, 1)
    return {cell: change for cell, change in cells.items() if change}
