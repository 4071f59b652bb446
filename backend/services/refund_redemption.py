"""Refund a captured redemption: its points come back as old as they were.

Points that expired before the refund stay redeemed: a refund makes no point live longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.errors import PointsOutOfRange, UnknownRedemption
from backend.core.expiry import restore_age
from backend.core.lifecycle import RedemptionState, require_captured
from backend.core.operations import POINTS_MAX, Kind
from backend.core.spending_errors import RedemptionOfClaim
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import owned


@dataclass(frozen=True, slots=True)
class RedemptionRefunded:
    """`operation_ids` has one for each lot the redemption had taken, the oldest first."""

    redemption_id: str
    program_id: str
    member: MemberState
    restored_points: int
    expired_points: int
    operation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefundRedemption:
    """Raises UnknownRedemption, RedemptionNotCaptured, RedemptionOfClaim or PointsOutOfRange."""

    claim: Claim
    redemption_id: str
    program_id: str
    render: Callable[[RedemptionRefunded], bytes]

    def wants(self) -> Wants:
        return Wants(programs={self.program_id}, redemptions={self.redemption_id})

    def decide(self, work: UnitOfWork) -> Answer:
        row = work.state.redemptions.get(self.redemption_id)
        if row is None or not owned(work, self.claim.merchant_id, self.program_id):
            raise UnknownRedemption("There is no such redemption.")
        if row["claim_id"] is not None:
            raise RedemptionOfClaim("It is cancelled with its claim.", claim_id=row["claim_id"])
        require_captured(RedemptionState(row["state"]))
        member = work.state.members[row["member_id"]]
        operation_ids, restored = restore(work, member, row)
        result = RedemptionRefunded(
            redemption_id=self.redemption_id,
            program_id=self.program_id,
            member=member,
            restored_points=restored,
            expired_points=row["points"] - restored,
            operation_ids=operation_ids,
        )
        return Answer(201, self.render(result))


def restore(
    work: UnitOfWork, member: MemberState, row: Mapping[str, Any]
) -> tuple[tuple[str, ...], int]:
    """Gives the points of a captured redemption back, each lot at its age; the operations and
    how many points came back. Raises PointsOutOfRange."""
    if member.points + row["points"] > POINTS_MAX:
        raise PointsOutOfRange("The member's balance would pass what the chain can hold.")
    calendar = work.state.programs[member.program_id].calendar
    made, restored = [], 0
    for earned_period, points in work.spent_lots(member, row["operation_id"]):
        now_period = member.word.period
        age = restore_age(calendar, min(earned_period, now_period), now_period)
        if age is None:
            continue
        details = {
            "redemption_id": row["id"],
            "refunded_operation_id": row["operation_id"],
            "points": points,
        }
        made.append(work.stage_operation(Kind.RESTORE, member, points, row["id"], details, age=age))
        restored += points
    work.stage_redemption_update(row["id"], RedemptionState.REFUNDED.value, row["operation_id"])
    return tuple(made), restored
