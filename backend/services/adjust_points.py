"""Give a member points by hand, or take some: with a reason, and a second person above a bound.

What one person may do alone is posted at once. More waits until somebody else, who may approve,
has decided; who asked never decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core import adjustments as rules
from backend.core.adjustments import (
    AdjustmentDecided,
    AdjustmentReason,
    AdjustmentState,
    ApprovalByAnother,
    UnknownAdjustment,
)
from backend.core.errors import InsufficientPoints, SignatureRequired
from backend.core.membership import require_open
from backend.core.operations import Kind, Reason
from backend.core.roles import Permission, may
from backend.core.staff_actions import Action
from backend.ledger import adjustments
from backend.ledger.adjustment_tables import Adjustment
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.people import StaffRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import owned_member, well_formed
from backend.services.record_action import stage_action
from backend.services.restore_points import require_room
from backend.services.signed_burn import UNSIGNED, SignedBurn

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjustment after the step, and the member as they are then."""

    row: Row
    member: MemberState


Render = Callable[[Adjusted], bytes]


@dataclass(frozen=True, slots=True)
class AdjustPoints:
    """Points above 0 are given, below 0 taken. `by` None is the merchant's own system.

    Raises UnknownMember, MemberClosed, MemberMerged, AdjustmentInvalid, PointsOutOfRange,
    InsufficientPoints, or SignatureRequired where only the member's own signature takes points.
    """

    claim: Claim
    by: StaffRecord | None
    program_id: str
    member_id: str
    points: int
    reason: AdjustmentReason
    note: str
    render: Render
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        own = Wants(
            programs=well_formed("prg", self.program_id), members=well_formed("mem", self.member_id)
        )
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        rules.check(self.points, self.note)
        member = owned_member(work, self.claim.merchant_id, self.program_id, self.member_id)
        _require_possible(work, member, self.points, self.signed)
        row: Row = {
            "id": work.new_id("adj"),
            "program_id": self.program_id,
            "member_id": member.id,
            "points": self.points,
            "reason": self.reason.value,
            "note": self.note.strip(),
            "state": AdjustmentState.WAITING.value,
            "asked_by": self.by.id if self.by else None,
            "asked_at_ms": work.now_ms,
            "decided_by": None,
            "decided_at_ms": None,
            "operation_id": None,
        }
        above = work.ask(lambda connection: adjustments.approval_above(connection, self.program_id))
        alone = abs(self.points) <= above
        if alone:
            row |= _post(work, member, row)
        work.stage(Adjustment, row)
        if self.by is not None:
            action = Action.ADJUSTMENT_MADE if alone else Action.ADJUSTMENT_ASKED
            stage_action(work, self.by, action, row["id"], f"{self.points:+}", self.program_id)
        return Answer(201, self.render(Adjusted(row, member)))


@dataclass(frozen=True, slots=True)
class DecideAdjustment:
    """Approves or refuses one that waits. An approval that cannot be posted any more changes
    nothing.

    Raises UnknownAdjustment, AdjustmentDecided, ApprovalByAnother for who asked and for who may
    not approve, and for an approval what AdjustPoints raises.
    """

    claim: Claim
    by: StaffRecord
    adjustment_id: str
    program_id: str
    member_id: str
    approve: bool
    render: Render
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        own = Wants(programs={self.program_id}, members={self.member_id})
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        # Two decisions may stand in one group: the second has to see the first.
        work.execute()
        found = work.ask(
            lambda connection: adjustments.adjustment_by_id(
                connection, self.claim.merchant_id, self.adjustment_id
            )
        )
        if found is None or found["member_id"] != self.member_id:
            raise UnknownAdjustment("There is no such adjustment.")
        if found["state"] != AdjustmentState.WAITING:
            raise AdjustmentDecided("It was decided already.", state=found["state"])
        if self.by.id == found["asked_by"] or not may(self.by.rights, Permission.APPROVE):
            raise ApprovalByAnother("Somebody else has to decide this.")
        member = owned_member(work, self.claim.merchant_id, self.program_id, self.member_id)
        made: Row = {"state": AdjustmentState.REFUSED.value, "decided_at_ms": work.now_ms}
        if self.approve:
            _require_possible(work, member, found["points"], self.signed)
            made = _post(work, member, found)
        made["decided_by"] = self.by.id
        work.stage_update(Adjustment, {"id": self.adjustment_id, **made})
        action = Action.ADJUSTMENT_APPROVED if self.approve else Action.ADJUSTMENT_REFUSED
        said = f"{found['points']:+}"
        stage_action(work, self.by, action, self.adjustment_id, said, self.program_id)
        return Answer(200, self.render(Adjusted({**found, **made}, member)))


def _require_possible(
    work: UnitOfWork, member: MemberState, points: int, signed: SignedBurn
) -> None:
    require_open(member.state, member.merged_into)
    if points > 0:
        require_room(member, points)
        return
    if signed.takes_signatures_only(work, work.state.programs[member.program_id], member):
        raise SignatureRequired("Only the member's own signature takes this member's points.")
    if -points > member.available_points:
        raise InsufficientPoints(
            "The member has fewer points available.", available_points=member.available_points
        )


def _post(work: UnitOfWork, member: MemberState, row: Row) -> Row:
    """Journals the adjustment; what changes in its row. What somebody wrote stays out of the
    receipt, which nothing can ever erase."""
    points = row["points"]
    details = {
        "adjustment_id": row["id"],
        "reasons": [[f"adjustment:{row['reason']}", points, row["reason"].replace("_", " ")]],
    }
    kind = Kind.ADJUST_CREDIT if points > 0 else Kind.ADJUST_DEBIT
    operation_id = work.stage_operation(
        kind, member, abs(points), row["id"], details, reason=Reason.BY_HAND
    )
    return {
        "state": AdjustmentState.POSTED.value,
        "decided_at_ms": work.now_ms,
        "operation_id": operation_id,
    }
