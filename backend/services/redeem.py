"""Redeem points: hold them, then capture (burn) or cancel. `capture` at once does both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.errors import InsufficientPoints, PointsOutOfRange, UnknownRedemption
from backend.core.lifecycle import RedemptionState, redemption_state, require_held
from backend.core.membership import require_active
from backend.core.operations import POINTS_MAX, Kind
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.tables import Redemption
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import MemberRef, at_own_till, till_program
from backend.services.signed_burn import UNSIGNED, SignedBurn


@dataclass(frozen=True, slots=True)
class RedemptionChanged:
    """A redemption after the step, and the member whose points it concerns."""

    redemption_id: str
    program_id: str
    member: MemberState
    points: int
    state: RedemptionState
    created_at_ms: int
    expires_at_ms: int
    operation_id: str | None


Render = Callable[[RedemptionChanged], bytes]


@dataclass(frozen=True, slots=True)
class HoldPoints:
    """Raises UnknownProgram, UnknownMember, PointsOutOfRange or InsufficientPoints, and what is
    wrong with the member's signature or the lack of one (SignedBurn)."""

    claim: Claim
    member: MemberRef
    points: int
    capture: bool
    render: Render
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        return Wants.united([self.member.wants(), self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        program = till_program(work, self.claim.merchant_id, self.member.program_id)
        member = self.member.resolve(work)
        self.signed.require(work, program, member)
        if not 1 <= self.points <= POINTS_MAX:
            raise PointsOutOfRange(f"A redemption takes 1 to {POINTS_MAX} points.")
        if self.points > member.available_points:
            raise InsufficientPoints(
                "The member has fewer points available.", available_points=member.available_points
            )
        row: dict[str, Any] = {
            "id": work.new_id("red"),
            "program_id": program.id,
            "member_id": member.id,
            "points": self.points,
            "state": RedemptionState.HELD.value,
            "created_at_ms": work.now_ms,
            "expires_at_ms": work.now_ms + program.hold_ttl_seconds * 1000,
            "closed_at_ms": None,
            "operation_id": None,
            "lapsed_points": 0,
            "refunded_points": 0,
            "merchant_id": self.claim.merchant_id,
        }
        work.state.redemptions[row["id"]] = row
        if self.capture:
            row["operation_id"] = _burn(work, member, row, self.signed)
            row["state"] = RedemptionState.CAPTURED.value
            row["closed_at_ms"] = work.now_ms
        else:
            member.held_points += self.points
        work.stage(Redemption, dict(row))
        return Answer(201, self.render(_changed(row, member)))


@dataclass(frozen=True, slots=True)
class CloseRedemption:
    """Captures or cancels a hold. Raises UnknownRedemption or RedemptionNotHeld, and
    SignatureRequired for the capture of a member who has come to sign themselves meanwhile."""

    claim: Claim
    redemption_id: str
    program_id: str
    capture: bool
    render: Render
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        own = Wants(programs={self.program_id}, redemptions={self.redemption_id})
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        row = work.state.redemptions.get(self.redemption_id)
        if row is None or not at_own_till(work, self.claim.merchant_id, row):
            raise UnknownRedemption("There is no such redemption.")
        member = work.state.members[row["member_id"]]
        stored = RedemptionState(row["state"])
        require_held(redemption_state(stored, row["expires_at_ms"], work.now_ms))
        covered = member.covered_points > 0
        if self.capture:
            require_active(member.state, member.merged_into)
            self.signed.require(work, work.state.programs[self.program_id], member)
        member.held_points -= row["points"]
        member.covered_points -= row["lapsed_points"]
        state = RedemptionState.CAPTURED if self.capture else RedemptionState.CANCELLED
        if self.capture:
            row["operation_id"] = _burn(work, member, row)
        work.stage_redemption_update(row["id"], state.value, row["operation_id"])
        if covered:
            # Who gets what expired depends on the claims that are left.
            work.rebase(member)
        return Answer(200, self.render(_changed(row, member)))


def _burn(
    work: UnitOfWork, member: MemberState, row: dict[str, Any], signed: SignedBurn = UNSIGNED
) -> str:
    details = {"redemption_id": row["id"], "points": row["points"], **signed.details()}
    operation_id = work.stage_operation(
        Kind.REDEEM,
        member,
        row["points"],
        row["id"],
        details,
        covered_points=row["lapsed_points"],
        by_batch=not signed.arguments,
    )
    signed.stage(work, member)
    return operation_id


def _changed(row: dict[str, Any], member: MemberState) -> RedemptionChanged:
    return RedemptionChanged(
        redemption_id=row["id"],
        program_id=row["program_id"],
        member=member,
        points=row["points"],
        state=RedemptionState(row["state"]),
        created_at_ms=row["created_at_ms"],
        expires_at_ms=row["expires_at_ms"],
        operation_id=row["operation_id"],
    )
