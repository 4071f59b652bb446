"""Refund a captured redemption: its points come back as old as they were.

Points that expired before the refund stay redeemed: a refund makes no point live longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.errors import PointsOutOfRange, UnknownRedemption
from backend.core.expiry import restore_age
from backend.core.lifecycle import RedemptionState, require_captured
from backend.core.membership import require_open
from backend.core.operations import POINTS_MAX, Kind
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import at_own_till


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
    """Raises UnknownRedemption, RedemptionNotCaptured or PointsOutOfRange."""

    claim: Claim
    redemption_id: str
    program_id: str
    render: Callable[[RedemptionRefunded], bytes]

    def wants(self) -> Wants:
        return Wants(programs={self.program_id}, redemptions={self.redemption_id})

    def decide(self, work: UnitOfWork) -> Answer:
        row = work.state.redemptions.get(self.redemption_id)
        if row is None or not at_own_till(work, self.claim.merchant_id, row):
            raise UnknownRedemption("There is no such redemption.")
        require_captured(RedemptionState(row["state"]))
        member = work.owner(row["member_id"])
        require_open(member.state, member.merged_into)
        if member.points + row["points"] > POINTS_MAX:
            raise PointsOutOfRange("The member's balance would pass what the chain can hold.")
        operation_ids, restored = self._restore(work, member, row["member_id"], row["operation_id"])
        state = RedemptionState.REFUNDED
        work.stage_redemption_update(self.redemption_id, state.value, row["operation_id"])
        result = RedemptionRefunded(
            redemption_id=self.redemption_id,
            program_id=self.program_id,
            member=member,
            restored_points=restored,
            expired_points=row["points"] - restored,
            operation_ids=operation_ids,
        )
        return Answer(201, self.render(result))

    def _restore(
        self, work: UnitOfWork, member: MemberState, spender_id: str, operation_id: str
    ) -> tuple[tuple[str, ...], int]:
        calendar = work.state.programs[self.program_id].calendar
        made, restored = [], 0
        for earned_period, points in work.spent_lots(work.state.members[spender_id], operation_id):
            now_period = member.word.period
            age = restore_age(calendar, min(earned_period, now_period), now_period)
            if age is None:
                continue
            details = {
                "redemption_id": self.redemption_id,
                "refunded_operation_id": operation_id,
                "points": points,
            }
            made.append(
                work.stage_operation(
                    Kind.RESTORE, member, points, self.redemption_id, details, age=age
                )
            )
            restored += points
        return tuple(made), restored
