"""Give points that a redemption burned back, as old as they were.

Points that have expired meanwhile stay redeemed: nothing makes a point live longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from backend.core.errors import ConsentInFlight, PointsOutOfRange
from backend.core.expiry import restore_age
from backend.core.lifecycle import RedemptionState
from backend.core.operations import POINTS_MAX, Kind
from backend.core.returns import lots_to_restore
from backend.ledger.loading import MemberState
from backend.ledger.tables import Redemption
from backend.ledger.unit_of_work import UnitOfWork

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Restored:
    """Of the points asked for, those that came back and those that were too old to;
    `operation_ids` has one for each lot, the oldest first."""

    points: int = 0
    expired_points: int = 0
    operation_ids: tuple[str, ...] = ()


NOTHING_RESTORED: Final = Restored()


def restorable_points(redemption: Row) -> int:
    """How many points of a redemption were not given back yet."""
    if redemption["state"] != RedemptionState.CAPTURED.value:
        return 0
    return int(redemption["points"] - redemption["refunded_points"])


def require_room(member: MemberState, points: int) -> None:
    """Raises PointsOutOfRange where the member's balance cannot take so many."""
    if member.points + points > POINTS_MAX:
        raise PointsOutOfRange("The member's balance would pass what the chain can hold.")


def require_restorable(work: UnitOfWork, member: MemberState, redemption: Row, points: int) -> None:
    """Raises PointsOutOfRange as `require_room` does, and ConsentInFlight while the chain may yet
    refuse the signature that the redemption was made with: then its points come back anyway."""
    if redemption["id"] in work.state.burning:
        raise ConsentInFlight(
            "The redemption is on its way to the chain; give its points back when it is final.",
            call_id=work.state.burning[redemption["id"]],
        )
    require_room(member, points)


def restore_points(
    work: UnitOfWork, member: MemberState, redemption: Row, points: int, source_id: str
) -> Restored:
    """Gives so many of the `restorable_points` back, for `source_id`; the caller has seen to it
    that they may (`require_restorable`). They go to `member`, who may be whom the spender was
    merged into. Once none are left the redemption is refunded."""
    calendar = work.state.programs[member.program_id].calendar
    spender = work.state.members[redemption["member_id"]]
    spent = work.spent_lots(spender, redemption["operation_id"])
    made, restored = [], 0
    for earned_period, lot in lots_to_restore(spent, redemption["refunded_points"], points):
        now_period = member.word.period
        age = restore_age(calendar, min(earned_period, now_period), now_period)
        if age is None:
            continue
        details = {
            "redemption_id": redemption["id"],
            "refunded_operation_id": redemption["operation_id"],
            "points": lot,
        }
        made.append(work.stage_operation(Kind.RESTORE, member, lot, source_id, details, age=age))
        restored += lot
    redemption["refunded_points"] += points
    if not restorable_points(redemption):
        redemption["state"] = RedemptionState.REFUNDED.value
    work.stage_update(
        Redemption,
        {
            "id": redemption["id"],
            "state": redemption["state"],
            "closed_at_ms": work.now_ms,
            "refunded_points": redemption["refunded_points"],
        },
    )
    return Restored(restored, points - restored, tuple(made))
