"""Refund a captured redemption, at once or in parts: its points come back as old as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.errors import PointsOutOfRange, RefundExceedsRedemption, UnknownRedemption
from backend.core.lifecycle import RedemptionState, require_captured
from backend.core.membership import require_open
from backend.core.spending_errors import RedemptionOfClaim
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import at_own_till
from backend.services.restore_points import (
    Restored,
    require_restorable,
    restorable_points,
    restore_points,
)


@dataclass(frozen=True, slots=True)
class RedemptionRefunded:
    redemption_id: str
    program_id: str
    member: MemberState
    restored: Restored
    remaining_points: int


@dataclass(frozen=True, slots=True)
class RefundRedemption:
    """Refunds `points`, or all that are left. Raises UnknownRedemption, RedemptionNotCaptured,
    RefundExceedsRedemption, RedemptionOfClaim, ConsentInFlight or PointsOutOfRange."""

    claim: Claim
    redemption_id: str
    program_id: str
    points: int | None
    render: Callable[[RedemptionRefunded], bytes]

    def wants(self) -> Wants:
        return Wants(programs={self.program_id}, redemptions={self.redemption_id})

    def decide(self, work: UnitOfWork) -> Answer:
        redemption = work.state.redemptions.get(self.redemption_id)
        if redemption is None or not at_own_till(work, self.claim.merchant_id, redemption):
            raise UnknownRedemption("There is no such redemption.")
        if (claim_id := redemption["claim_id"]) is not None:
            raise RedemptionOfClaim("It is cancelled with its claim.", claim_id=claim_id)
        require_captured(RedemptionState(redemption["state"]))
        left_points = restorable_points(redemption)
        points = left_points if self.points is None else self.points
        if points < 1:
            raise PointsOutOfRange("A refund is of at least 1 point.")
        if points > left_points:
            raise RefundExceedsRedemption(
                "Fewer points of the redemption are left to refund.", remaining_points=left_points
            )
        member = work.owner(redemption["member_id"])
        require_open(member.state, member.merged_into)
        require_restorable(work, member, redemption, points)
        restored = restore_points(work, member, redemption, points, self.redemption_id)
        result = RedemptionRefunded(
            self.redemption_id, self.program_id, member, restored, left_points - points
        )
        return Answer(201, self.render(result))
