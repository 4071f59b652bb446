"""Everything a condition may ask about one purchase or event, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from backend.core.engine.standing import MemberFacts

if TYPE_CHECKING:
    from backend.core.engine.basket import Basket
    from backend.core.engine.rfm import RfmScale
    from backend.core.engine.segments import Segments

Attribute = str | int | bool
NOTHING: Mapping[str, Attribute] = {}


class Context:
    """The facts of one evaluation. Amounts are of before it, numbers count it in."""

    def __init__(
        self,
        facts: MemberFacts,
        segments: Segments,
        basket: Basket | None = None,
        line_basis: tuple[int, ...] = (),
        attributes: Mapping[str, Attribute] = NOTHING,
    ) -> None:
        self.facts = facts
        self.standing = facts.standing
        self.day = facts.moment.day
        self.minute = facts.moment.minute_of_day
        self.weekday = facts.moment.weekday
        self.tier = facts.tier
        self.basket = basket
        self.line_basis = line_basis
        self.basis_minor = sum(line_basis)
        self.attributes = attributes
        self.segments = segments
        self.purchase_number = facts.standing.purchase_count + 1
        self.new_visit = self._is_new_visit()
        self.visit_number = facts.standing.visit_days + self.new_visit
        self.labels = facts.labels | facts.standing.labels
        self.idle_days = _days_since(facts.standing.last_day, self.day)
        """Days since the last purchase; None without one."""
        self.member_days = _days_since(facts.enrolled_on, self.day)
        """Days since the member enrolled."""
        self.members: dict[str, bool] = {}
        self._activity: dict[int, tuple[int, int, int]] = {}

    def _is_new_visit(self) -> bool:
        """Whether no purchase of that day is known; a late one counts where it cannot repeat."""
        first, last = self.standing.first_day, self.standing.last_day
        return first is None or last is None or self.day > last or self.day < first

    @cached_property
    def quantity(self) -> int:
        """Units of the lines that earn; 1 for an amount without lines."""
        if self.basket is None or not self.basket.lines:
            return 1
        pairs = zip(self.basket.lines, self.line_basis, strict=True)
        return sum(line.quantity for line, basis in pairs if basis)

    def activity(self, months: int) -> tuple[int, int, int]:
        """Points, minor units and visits of the running month and the `months` − 1 before it."""
        found = self._activity.get(months)
        if found is None:
            first = month_key(self.day, months - 1)
            points = spend_minor = visits = 0
            for key, row in self.standing.months.items():
                if key >= first:
                    points += row[0]
                    spend_minor += row[1]
                    visits += row[2]
            found = self._activity[months] = (points, spend_minor, visits)
        return found

    def in_segment(self, segment: str) -> bool:
        """Whether the member is in a segment of the document; asked once each."""
        known = self.members.get(segment)
        if known is None:
            known = self.members[segment] = self.segments.conditions[segment](self)
        return known

    @cached_property
    def rfm(self) -> tuple[int, int, int]:
        """Recency, frequency and monetary scores, 1 to 5; zeros without a purchase."""
        scale: RfmScale = self.segments.rfm
        return scale.scores(self.idle_days, self.activity(scale.months))


def _days_since(day: date | None, today: date) -> int | None:
    return None if day is None else max(0, (today - day).days)


def month_key(day: date, months_back: int = 0) -> str:
    """ "2026-11" for a day of November 2026, or so many months before."""
    number = day.year * 12 + day.month - 1 - months_back
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def yearly_distance(day: date, month: int, day_of_month: int) -> tuple[int, date]:
    """Days from the nearest yearly occasion to `day` (negative before it), and the occasion.

    29 February is kept on 28 February in other years.
    """
    best: tuple[int, date] | None = None
    for year in (day.year - 1, day.year, day.year + 1):
        if not 1 <= year <= 9999:
            continue
        occasion = _in_year(year, month, day_of_month)
        distance = (day - occasion).days
        if best is None or abs(distance) < abs(best[0]):
            best = (distance, occasion)
    if best is None:
        raise ValueError("no such day in any year")
    return best


def _in_year(year: int, month: int, day_of_month: int) -> date:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (month, day_of_month) == (2, 29) and not leap:
        return date(year, 2, 28)
    return date(year, month, day_of_month)
