"""Returns: the policy of a program, and where points that are taken back come from.

Which part of a purchase goes back, and how many points that is, is told by `returned_parts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from backend.core.errors import RuleInvalid


class SpentPoints(StrEnum):
    """What becomes of points to be taken back that the member has spent already."""

    PENDING_ONLY = "pending_only"
    CLAMP = "clamp"
    DEBT = "debt"


class UnknownReceipt(StrEnum):
    """What becomes of a return whose purchase is not known."""

    WAIT = "wait"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """The `returns` section of a rules document.

    `pending_only` takes back nothing but points that are still pending, `clamp` takes what the
    member has and forgives the rest, `debt` keeps the rest for later earnings to make up.
    """

    spent_points: SpentPoints = SpentPoints.CLAMP
    unknown_receipt: UnknownReceipt = UnknownReceipt.WAIT

    @classmethod
    def parse(cls, document: object) -> ReturnPolicy:
        """The policy of a section; raises RuleInvalid, with a JSON pointer, for anything else."""
        if not isinstance(document, Mapping):
            raise RuleInvalid("An object is expected here.", pointer="/returns")
        for name in document:
            if name not in ("spent_points", "unknown_receipt"):
                raise RuleInvalid("There is no such setting.", pointer="/returns")
        return cls(
            spent_points=_choice(SpentPoints, document, "spent_points", SpentPoints.CLAMP),
            unknown_receipt=_choice(
                UnknownReceipt, document, "unknown_receipt", UnknownReceipt.WAIT
            ),
        )


_Word = TypeVar("_Word", bound=StrEnum)


def _choice(kind: type[_Word], document: Mapping[str, object], name: str, default: _Word) -> _Word:
    value = document.get(name, default.value)
    allowed = [each.value for each in kind]
    if not isinstance(value, str) or value not in allowed:
        raise RuleInvalid(
            f"One of {', '.join(allowed)} is expected here.", pointer=f"/returns/{name}"
        )
    return kind(value)


@dataclass(frozen=True, slots=True)
class ClawBack:
    """Where the points to be taken back come from: pending ones that are cancelled, ones that are
    burned, a debt; the rest is forgiven."""

    cancelled_points: int
    taken_points: int
    debt_points: int
    forgiven_points: int

    @property
    def points(self) -> int:
        return self.cancelled_points + self.taken_points + self.debt_points + self.forgiven_points


def claw_back(
    policy: SpentPoints,
    points: int,
    pending_points: int,
    available_points: int,
    *,
    burnable: bool = True,
) -> ClawBack:
    """How `points` are taken back from a member who has so many pending ones of the purchase, and
    so many available. Where only the member's signature burns (not `burnable`), what is not
    pending is forgiven: a debt could never be taken either."""
    cancelled = min(points, pending_points)
    rest = points - cancelled
    taken = debt = 0
    if burnable and policy is not SpentPoints.PENDING_ONLY:
        taken = min(rest, available_points)
        debt = rest - taken if policy is SpentPoints.DEBT else 0
    return ClawBack(cancelled, taken, debt, rest - taken - debt)


def lots_to_restore(
    spent: Sequence[tuple[int, int]], refunded_points: int, points: int
) -> tuple[tuple[int, int], ...]:
    """Which (period, points) to give back of those a redemption spent (oldest first), after
    `refunded_points` of it were refunded before.

    What was spent last comes back first: a redemption refunded in part leaves what a smaller one
    would have left. What is not in `spent` had expired by then and comes back last, as nothing.
    """
    found, start, end = [], refunded_points, refunded_points + points
    place = 0
    for period, lot in reversed(spent):
        overlap = min(end, place + lot) - max(start, place)
        if overlap > 0:
            found.append((period, overlap))
        place += lot
    return tuple(reversed(found))
