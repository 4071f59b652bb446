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
        self.visit_number = facts.standing.visit_days + self.new_visit
        self.members: dict[str, bool] = {}
        self._activity: dict[int, tuple[int, int, int]] = {}

    @property
    def new_visit(self) -> bool:
        """Whether no purchase of that day is known; a late one counts where it cannot repeat."""
        first, last = self.standing.first_day, self.standing.last_day
        return first is None or last is None or self.day > last or self.day < first

    @cached_property
    def labels(self) -> frozenset[str]:
        return self.facts.labels | self.standing.labels

    @cached_property
    def quantity(self) -> int:
        """Units of the lines that earn; 1 for an amount without lines."""
        if self.basket is None or not self.basket.lines:
            return 1
        pairs = zip(self.basket.lines, self.line_basis, strict=True)
        return sum(line.quantity for line, basis in pairs if basis)

    @cached_property
    def idle_days(self) -> int | None:
        """Days since the last purchase; None without one."""
        last = self.standing.last_day
        return None if last is None else max(0, (self.day - last).days)

    @cached_property
    def member_days(self) -> int | None:
        """Days since the member enrolled."""
        since = self.facts.enrolled_on
        return None if since is None else max(0, (self.day - since).days)

    def activity(self, months: int) -> tuple[int, int, int]:
        """Points, minor units and visits of the running month and the `months` − 1 before it."""
        found = self._activity.get(months)
        if found is None:
            first = month_key(self.day, months - 1)
            counted = [row for key, row in self.standing.months.items() if key >= first]
            found = self._activity[months] = (
                sum(row[0] for row in counted),
                sum(row[1] for row in counted),
                sum(row[2] for row in counted),
            )
        return found

    def in_segment(self, segment: str) -> bool:
        """Whether the member is in a segment of the document; asked once each."""
        known = self.members.get(segment)
        if known is None:
            known = self.members[segment] = self.segments.has(segment, self)
        return known

    @cached_property
    def rfm(self) -> tuple[int, int, int]:
        """Recency, frequency and monetary scores, 1 to 5; zeros without a purchase."""
        scale: RfmScale = self.segments.rfm
        return scale.scores(self.idle_days, self.activity(scale.months))


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
