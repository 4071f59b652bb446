"""What the points outstanding would cost: a merchant's provision for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BASIS_POINTS: Final = 10_000
SETTING: Final = "setting"
SPEND: Final = "spend"
MONEY: Final = "money"
MARGIN: Final = "margin"


@dataclass(frozen=True, slots=True)
class PointCost:
    """`points` cost `minor`; `source` says who says so: the merchant's setting, the rules' rate of
    paying with points, points that are money themselves, or the worth that the cap by margin
    assumes."""

    points: int
    minor: int
    source: str

    def of_ceil(self, points: int) -> int:
        """The cost of points in minor units, rounded up: a provision is never too small."""
        return -(-points * self.minor // self.points)


@dataclass(frozen=True, slots=True)
class Liability:
    """`full_minor` if every point outstanding is used, `expected_minor` if `used_bp` in ten
    thousand are; None where nobody said how many that will be."""

    points: int
    cost: PointCost
    full_minor: int
    used_bp: int | None
    expected_minor: int | None


def liability_of(points: int, cost: PointCost, used_bp: int | None) -> Liability:
    full_minor = cost.of_ceil(points)
    expected = None if used_bp is None else -(-full_minor * used_bp // BASIS_POINTS)
    return Liability(points, cost, full_minor, used_bp, expected)
