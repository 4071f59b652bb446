"""Paid clubs: plans with a fee and a term in months, and what a member's payments cover.

Terms are calendar months in the program's zone from the day of the first payment: one that began
on 31 January renews on the last of February and then on 31 March, because every term is counted
from the first day and not from the renewal before.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from backend.core.benefits import Benefit, benefits_of, names_of
from backend.core.engine.reading import Reading, whole
from backend.core.money import AMOUNT_MINOR_MAX

PLANS_MAX: Final = 20
TERM_MONTHS_MAX: Final = 36
GRACE_DAYS_MAX: Final = 90
LABEL: Final = "club:"


@dataclass(frozen=True, slots=True)
class Plan:
    """A club to join for `fee_minor` per term of `term_months`.

    For `grace_days` after a term its member keeps it while the renewal is awaited. `level` is a
    tier that its members have at least.
    """

    id: str
    english: str
    french: str
    fee_minor: int
    term_months: int
    grace_days: int
    level: str | None
    benefits: tuple[Benefit, ...]

    @classmethod
    def parse(cls, reading: Reading, level_ids: Collection[str]) -> Plan:
        """Raises RuleInvalid, also for a level there is not."""
        reading.fields("id", "name", "fee_minor", "term_months", "grace_days", "level", "benefits")
        english, french = names_of(reading)
        level = reading.get("level", Reading.identifier, None)
        if level is not None and level not in level_ids:
            raise reading.child("level").refuse("there is no such level.")
        return cls(
            id=reading.get("id", Reading.identifier),
            english=english,
            french=french,
            fee_minor=reading.get("fee_minor", whole(0, AMOUNT_MINOR_MAX)),
            term_months=reading.get("term_months", whole(1, TERM_MONTHS_MAX)),
            grace_days=reading.get("grace_days", whole(0, GRACE_DAYS_MAX), 0),
            level=level,
            benefits=benefits_of(reading),
        )


@dataclass(frozen=True, slots=True)
class Membership:
    """What is paid of a member's club: `paid_months` from `started_on`.

    The terms are those of the day it was paid, whatever the plan becomes later.
    """

    started_on: date
    paid_months: int
    grace_days: int
    cancelled: bool = False

    @property
    def renews_on(self) -> date:
        """The first day that is not paid."""
        return add_months(self.started_on, self.paid_months)

    @property
    def ends_on(self) -> date:
        """The first day without the club if no more is paid; grace is for those who stay."""
        grace_days = 0 if self.cancelled else self.grace_days
        return self.renews_on + timedelta(days=grace_days)

    def covers(self, today: date) -> bool:
        """Whether the member is in the club."""
        return self.started_on <= today < self.ends_on

    def in_grace(self, today: date) -> bool:
        """Whether the paid term is over and the renewal still awaited."""
        return self.renews_on <= today < self.ends_on

    def months_begun(self, today: date) -> int:
        """How many paid months have begun: each gives the benefits of a month once."""
        begun = (today.year - self.started_on.year) * 12 + today.month - self.started_on.month
        if today >= add_months(self.started_on, begun):
            begun += 1
        return max(0, min(begun, self.paid_months))

    def renewed(self, term_months: int, grace_days: int) -> Membership:
        """One more term at the end of the paid ones."""
        return Membership(self.started_on, self.paid_months + term_months, grace_days)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that is too short."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))
