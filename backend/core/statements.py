"""A member's statement of a period: what was there, what came and went, what is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.core.operations import Kind, Reason


@dataclass(slots=True)
class Statement:
    """opening + earned + adjusted + moved − redeemed − taken back − expired = closing, in points.

    `redeemed_points` are net of what was refunded; `moved_points` came from (or, negative, went
    to) an account that was merged; `adjusted_points` came or went by a correction or at closing.
    """

    opening_points: int = 0
    earned_points: int = 0
    redeemed_points: int = 0
    taken_back_points: int = 0
    expired_points: int = 0
    moved_points: int = 0
    adjusted_points: int = 0

    @property
    def closing_points(self) -> int:
        came = self.opening_points + self.earned_points + self.moved_points + self.adjusted_points
        return came - self.redeemed_points - self.taken_back_points - self.expired_points

    def add(self, kind: Kind, reason: int, points: int) -> None:
        """Counts so many points of entries of a kind in the period."""
        signed_points = points if kind.is_credit else -points
        if reason == Reason.MOVED:
            self.moved_points += signed_points
        elif kind in (Kind.ACCRUE, Kind.BONUS):
            self.earned_points += points
        elif kind in (Kind.REDEEM, Kind.RESTORE, Kind.REDEEM_UNDONE):
            self.redeemed_points -= signed_points
        elif kind in (Kind.RETURN, Kind.RETURN_UNDONE):
            self.taken_back_points -= signed_points
        elif kind in (Kind.LAPSE, Kind.LAPSE_UNDONE):
            self.expired_points -= signed_points
        else:
            self.adjusted_points += signed_points


def statement_of(opening_points: int, sums: Iterable[tuple[Kind, int, int]]) -> Statement:
    """The statement of a period from its sums by (kind, reason, points)."""
    statement = Statement(opening_points)
    for kind, reason, points in sums:
        statement.add(kind, reason, points)
    return statement
