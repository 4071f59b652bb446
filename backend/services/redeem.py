"""Redeem points: hold them, then capture (burn) or cancel. `capture` at once does both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from backend.core.errors import InsufficientPoints, PointsOutOfRange, UnknownRedemption
from backend.core.lifecycle import RedemptionState, redemption_state, require_held
from backend.core.membership import require_active
from backend.core.operations import POINTS_MAX, Kind
from backend.core.spending_errors import RedemptionOfClaim
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.tables import Redemption
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.ask_confirmation import Ask, Asked, ask_confirmation, require_answered
from backend.services.lookup import MemberRef, at_own_till, till_program
from backend.services.paid_part import PaidPart, part_of, restate_payment
from backend.services.signed_burn import UNSIGNED, SignedBurn

Row = dict[str, Any]
NOTHING_MORE: Final[Mapping[str, Any]] = MappingProxyType({})


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
    paid: PaidPart | None = None
    confirmation: Asked | None = None


Render = Callable[[RedemptionChanged], bytes]


@dataclass(frozen=True, slots=True)
class HoldPoints:
    """Raises UnknownProgram, UnknownMember, PointsOutOfRange or InsufficientPoints, and what is
    wrong with the member's signature or the lack of one (SignedBurn).

    With `ask`, a member whose signature is lacking is asked for it: the points are held meanwhile.
    """

    claim: Claim
    member: MemberRef
    points: int
    capture: bool
    render: Render
    signed: SignedBurn = UNSIGNED
    ask: Ask | None = None

    def wants(self) -> Wants:
        return Wants.united([self.member.wants(), self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        program = till_program(work, self.claim.merchant_id, self.member.program_id)
        member = self.member.resolve(work)
        ask = require_points(work, program, member, self.points, self.signed, self.ask)
        row = take_points(
            work,
            self.claim.merchant_id,
            member,
            self.points,
            self.signed,
            capture=self.capture and ask is None,
        )
        ask_confirmation(work, ask, row)
        return Answer(201, self.render(changed(row, member, work.now_ms)))


@dataclass(frozen=True, slots=True)
class CloseRedemption:
    """Captures or cancels a hold. Raises UnknownRedemption, RedemptionNotHeld, RedemptionOfClaim,
    PointsOutOfRange for the capture of more than is held, InsufficientPoints where the held points
    had expired, ConfirmationAwaited while the member has not answered, and what is wrong with the
    member's signature or the lack of one (SignedBurn).

    `points` of the hold, or what `amount_minor` of its payment takes, are captured; the rest is
    available again. None is all of it.
    """

    claim: Claim
    redemption_id: str
    program_id: str
    capture: bool
    render: Render
    signed: SignedBurn = UNSIGNED
    points: int | None = None
    amount_minor: int | None = None

    def wants(self) -> Wants:
        own = Wants(programs={self.program_id}, redemptions={self.redemption_id})
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        row = work.state.redemptions.get(self.redemption_id)
        if row is None or not at_own_till(work, self.claim.merchant_id, row):
            raise UnknownRedemption("There is no such redemption.")
        if row["claim_id"] is not None:
            raise RedemptionOfClaim("It is closed with its claim.", claim_id=row["claim_id"])
        member = work.state.members[row["member_id"]]
        require_open(work, row)
        points = part_of(row, self.points, self.amount_minor) if self.capture else row["points"]
        if self.capture:
            require_active(member.state, member.merged_into)
            require_answered(row, self.signed)
            self.signed.require(work, work.state.programs[self.program_id], member)
            require_left(member, row, points)
            if self.amount_minor is not None:
                row["worth_minor"] = self.amount_minor
        close_hold(work, row, member, points if self.capture else 0, signed=self.signed)
        return Answer(200, self.render(changed(row, member, work.now_ms)))


def require_points(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    points: int,
    signed: SignedBurn,
    ask: Ask | None = None,
) -> Ask | None:
    """What the member is to be asked before the points can go, if anything.

    Raises PointsOutOfRange, InsufficientPoints, or what is wrong with the signature.
    """
    if ask is not None and not signed.lacks_signature(work, program, member):
        ask = None
    if ask is None:
        signed.require(work, program, member)
    if not 1 <= points <= POINTS_MAX:
        raise PointsOutOfRange(f"A redemption takes 1 to {POINTS_MAX} points.")
    if points > member.available_points:
        raise InsufficientPoints(
            "The member has fewer points available.", available_points=member.available_points
        )
    return ask


def take_points(
    work: UnitOfWork,
    merchant_id: str,
    member: MemberState,
    points: int,
    signed: SignedBurn,
    details: Mapping[str, Any] = NOTHING_MORE,
    *,
    capture: bool,
) -> Row:
    """Stages a redemption at the merchant's till that burns the points or holds them, after
    `require_points`.

    `details` go into the receipt. The answer is the redemption's row.
    """
    program = work.state.programs[member.program_id]
    row: Row = {
        "id": work.new_id("red"),
        "program_id": program.id,
        "member_id": member.id,
        "points": points,
        "state": RedemptionState.HELD.value,
        "created_at_ms": work.now_ms,
        "expires_at_ms": work.now_ms + program.hold_ttl_seconds * 1000,
        "closed_at_ms": None,
        "operation_id": None,
        "lapsed_points": 0,
        "refunded_points": 0,
        "merchant_id": merchant_id,
    }
    work.state.redemptions[row["id"]] = row
    if capture:
        row["operation_id"] = _burn(work, member, row, details, signed)
        row["state"] = RedemptionState.CAPTURED.value
        row["closed_at_ms"] = work.now_ms
    else:
        member.held_points += points
    work.stage(Redemption, dict(row))
    return row


def require_open(work: UnitOfWork, row: Row) -> None:
    """Raises RedemptionNotHeld unless the hold still runs."""
    stored = RedemptionState(row["state"])
    require_held(redemption_state(stored, row["expires_at_ms"], work.now_ms))


def require_left(member: MemberState, row: Row, points: int) -> None:
    """Raises InsufficientPoints where so many of the held points are not there to burn: it was
    learned since that they had expired before they were held."""
    covered_points = min(row["lapsed_points"], points)
    if points - covered_points > member.word.balance:
        raise InsufficientPoints(
            "The held points had expired.", available_points=member.word.balance
        )


def close_hold(
    work: UnitOfWork,
    row: Row,
    member: MemberState,
    captured_points: int,
    details: Mapping[str, Any] = NOTHING_MORE,
    signed: SignedBurn = UNSIGNED,
) -> None:
    """Burns so many of the held points and frees the rest; none of them cancels the hold.

    The caller has checked that what is captured is left (`require_left`). What the member signed is
    burned whole: the caller has checked that none of it lapsed.
    """
    covered = member.covered_points > 0
    member.held_points -= row["points"]
    member.covered_points -= row["lapsed_points"]
    if captured_points:
        row["lapsed_points"] = min(row["lapsed_points"], captured_points)
        row["points"] = captured_points
        restate_payment(work, row)
        row["operation_id"] = _burn(work, member, row, details, signed)
    state = RedemptionState.CAPTURED if captured_points else RedemptionState.CANCELLED
    work.stage_redemption_update(row["id"], state.value, row["operation_id"])
    if covered:
        # Who gets what expired depends on the claims that are left.
        work.rebase(member)


def _burn(
    work: UnitOfWork,
    member: MemberState,
    row: Row,
    more: Mapping[str, Any],
    signed: SignedBurn,
) -> str:
    details = {"redemption_id": row["id"], "points": row["points"], **more, **signed.details()}
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


def changed(row: Row, member: MemberState, now_ms: int) -> RedemptionChanged:
    """The redemption as it is after the step."""
    return RedemptionChanged(
        redemption_id=row["id"],
        program_id=row["program_id"],
        member=member,
        points=row["points"],
        state=RedemptionState(row["state"]),
        created_at_ms=row["created_at_ms"],
        expires_at_ms=row["expires_at_ms"],
        operation_id=row["operation_id"],
        paid=PaidPart.of(row),
        confirmation=Asked.of(row, now_ms),
    )
