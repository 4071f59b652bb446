"""Caps: how many points a purchase, a window, a member, a margin or a campaign can give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

from backend.core.engine.context import Context
from backend.core.engine.reading import Reading, whole
from backend.core.engine.windows import WINDOWS, window_key

BASIS_POINTS: Final = 10_000
EVERY_RULE: Final = "*"
_KEPT_DAYS: Final = {"day": 35, "week": 35, "month": 400, "quarter": 400, "year": 800}


@dataclass(frozen=True, slots=True)
class Margin:
    """Points of one purchase are worth at most `share_bp` of its margin.

    A line's margin is what earns of it without tax, less its cost; of a line whose cost is not
    known it is `assumed_margin_bp`. `points` points are worth `worth_minor`.
    """

    share_bp: int
    assumed_margin_bp: int
    points: int
    worth_minor: int

    @classmethod
    def parse(cls, reading: Reading) -> Margin:
        reading.fields("share_bp", "assumed_margin_bp", "points", "worth_minor")
        return cls(
            reading.get("share_bp", whole(0, BASIS_POINTS)),
            reading.get("assumed_margin_bp", whole(0, BASIS_POINTS)),
            reading.get("points", whole(1)),
            reading.get("worth_minor", whole(1)),
        )

    def points_floor(self, context: Context, *, tax_included: bool) -> int:
        """The most points that the purchase may earn, rounded down."""
        basket = context.basket
        if basket is None:
            return 0
        margin_minor = 0
        if not basket.lines:
            tax_minor = basket.tax_minor if tax_included else 0
            margin_minor = (context.basis_minor - tax_minor) * self.assumed_margin_bp
            margin_minor //= BASIS_POINTS
        for line, basis in zip(basket.lines, context.line_basis, strict=False):
            net_minor = basis
            if tax_included and line.amount_minor:
                net_minor -= line.tax_minor * basis // line.amount_minor
            if line.cost_minor is None:
                margin_minor += net_minor * self.assumed_margin_bp // BASIS_POINTS
            elif basis:
                margin_minor += net_minor - line.cost_minor
        allowed = max(0, margin_minor) * self.share_bp * self.points
        return allowed // (BASIS_POINTS * self.worth_minor)


class Cap(NamedTuple):
    """`limit` points per `window`, counted under `key`; `owner` is a rule or EVERY_RULE."""

    owner: str
    window: str
    limit: int
    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Points per window, by the name of the window; `purchase` is the one in hand, `member` all
    of a member's time in the program."""

    points: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, reading: Reading, *others: str) -> Limits:
        """{"purchase": 500, "day": 1000, …, "member": 100000}; raises RuleInvalid."""
        names = ("purchase", *WINDOWS, "member")
        reading.fields(*names, *others)
        return cls({name: reading.child(name).integer() for name in names if reading.has(name)})

    def caps(self, owner: str, words: str, day: date) -> list[Cap]:
        """The caps on a day, with the standing's key and the words of each."""
        return [
            Cap(
                owner,
                window,
                limit,
                cap_key(owner, window, day),
                f"{words} of {limit} per {window}",
            )
            for window, limit in self.points.items()
        ]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A budget of points that rules share, over a span of local days (both included)."""

    id: str
    budget_points: int
    first_day: date
    last_day: date

    @classmethod
    def parse(cls, reading: Reading) -> Campaign:
        reading.fields("id", "title", "budget_points", "from", "until")
        if reading.has("title"):
            reading.child("title").text()
        first, last = span(reading)
        return cls(
            reading.get("id", Reading.identifier),
            reading.get("budget_points", whole(1)),
            first,
            last,
        )


def span(reading: Reading) -> tuple[date, date]:
    """The members `from` and `until` of an object: local days, both included, both optional."""
    first: date = reading.get("from", Reading.day, date.min)
    last: date = reading.get("until", Reading.day, date.max)
    if last < first:
        raise reading.child("until").refuse("until is not before from.")
    return first, last


def cap_key(owner: str, window: str, day: date) -> str:
    """Where a standing counts the points of a window; `owner` is a rule or EVERY_RULE."""
    return f"{owner}|{window}|{window_key(window, day)}"


def outdated(used: Mapping[str, int], owner: str, window: str, day: date) -> list[str]:
    """Keys of an owner's window so old that no late purchase is expected for them any more."""
    kept_days = _KEPT_DAYS.get(window)
    if kept_days is None or day.toordinal() <= kept_days:
        return []
    prefix = f"{owner}|{window}|"
    oldest = cap_key(owner, window, day - timedelta(days=kept_days))
    return [key for key in used if key.startswith(prefix) and key < oldest]
