"""Merge two members who are one person: everything the source has becomes the target's.

The lots move with their ages, by a debit of the source and a restore into each age of the target:
in one commit here, and in one batch on chain where no limit holds part of it back. The source
stays readable under its id, which says who answers for it now (ADR 0018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import exists, update

from backend.core.errors import ConsentInFlight, PointsOutOfRange, SignatureRequired
from backend.core.life_errors import MemberHasHolds, MergeImpossible
from backend.core.membership import MembershipState, require_open
from backend.core.operations import POINTS_MAX, Kind, Reason
from backend.ledger import debts
from backend.ledger.columns import table_of
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.rule_tables import PendingPoints, Referral, ReferralCode
from backend.ledger.tables import Member
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.voucher_tables import Voucher
from backend.ledger.wants import Wants
from backend.services.change_state import stage_state
from backend.services.identity import (
    Identity,
    identifiers_in,
    identity_of,
    note_change,
    stage_identity,
    stage_owner,
)
from backend.services.lookup import owned_member
from backend.services.merge_status import merge_status
from backend.services.second_welcome import take_second_welcome
from backend.services.signed_burn import UNSIGNED, SignedBurn
from backend.services.stage_grants import move_grants

_MEMBERS, _PENDING, _VOUCHERS = table_of(Member), table_of(PendingPoints), table_of(Voucher)
_REFERRALS, _CODES = table_of(Referral), table_of(ReferralCode)
_OTHERS = _CODES.alias()


@dataclass(frozen=True, slots=True)
class MembersMerged:
    """`operation_ids` has the debit of the source, then a restore for each lot, oldest first.
    `taken_points` of them were a second welcome and are taken back."""

    source: MemberState
    target: MemberState
    moved_points: int
    taken_points: int
    operation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeMembers:
    """Raises UnknownMember, MemberClosed, MemberMerged, MergeImpossible, MemberHasHolds,
    ConsentInFlight, SignatureRequired or PointsOutOfRange."""

    claim: Claim
    program_id: str
    source_id: str
    target_id: str
    render: Callable[[MembersMerged], bytes]
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        both = {self.source_id, self.target_id}
        own = Wants(
            programs={self.program_id},
            rules_of={self.program_id},
            members=both,
            identities=both,
            calls_of={self.source_id},
            subscriptions_of=both,
        )
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        merchant_id = self.claim.merchant_id
        source = owned_member(work, merchant_id, self.program_id, self.source_id)
        target = owned_member(work, merchant_id, self.program_id, self.target_id)
        self._require_possible(work, source, target)
        program = work.state.programs[self.program_id]
        identities = identity_of(work, source), identity_of(work, target)
        change_id = note_change(work, source, "merged_into", target.id)
        note_change(work, target, "merged_from", source.id)
        moved_points = source.word.balance
        if source.debt_points:
            # Before the points, which then make it up as any that come do.
            debts.owe(work, target, source.debt_points, change_id)
            debts.owe(work, source, -source.debt_points, change_id)
        operation_ids = _move_lots(work, source, target, change_id)
        _move_identifiers(work, source, target, *identities)
        merge_status(work, program, source, target, change_id)
        stage_state(work, source, MembershipState.MERGED, target.id)
        _move_what_waits(work, source, target)
        taken_points = take_second_welcome(work, source, target, change_id)
        done = MembersMerged(source, target, moved_points, taken_points, operation_ids)
        return Answer(200, self.render(done))

    def _require_possible(self, work: UnitOfWork, source: MemberState, target: MemberState) -> None:
        if source.id == target.id:
            raise MergeImpossible("A member cannot be merged into themselves.")
        for member in (source, target):
            require_open(member.state, member.merged_into)
        if source.held_points:
            raise MemberHasHolds(
                "Redemptions hold points of the member; capture or cancel them first.",
                held_points=source.held_points,
            )
        if source.id in work.state.open_calls:
            raise ConsentInFlight(
                "Something else that concerns this member is on its way to the chain.",
                call_id=work.state.open_calls[source.id],
            )
        program = work.state.programs[self.program_id]
        if source.points and self.signed.takes_signatures_only(work, program, source):
            raise SignatureRequired("Only the member's own signature moves their points.")
        if source.points + target.points > POINTS_MAX:
            raise PointsOutOfRange("The two balances together pass what the chain can hold.")


def _move_lots(
    work: UnitOfWork, source: MemberState, target: MemberState, change_id: str
) -> tuple[str, ...]:
    points = source.word.balance
    if not points:
        return ()
    now_period = source.word.period
    lots = source.word.spent_lots(points)
    details = {"merge_id": change_id, "points": points, "to_member_id": target.id}
    made = [
        work.stage_operation(
            Kind.ADJUST_DEBIT, source, points, change_id, details, reason=Reason.MOVED
        )
    ]
    for earned_period, lot_points in lots:
        details = {"merge_id": change_id, "points": lot_points, "from_member_id": source.id}
        made.append(
            work.stage_operation(
                Kind.RESTORE,
                target,
                lot_points,
                change_id,
                details,
                age=now_period - earned_period,
                reason=Reason.MOVED,
            )
        )
    return tuple(made)


def _move_identifiers(
    work: UnitOfWork, source: MemberState, target: MemberState, had: Identity, has: Identity
) -> None:
    """Whatever the source was known by finds the target; both cards work."""
    for identifier in identifiers_in(had):
        stage_owner(work, source.program_id, identifier, target.id)
        kept = has.get(identifier.kind.value, [])
        has[identifier.kind.value] = [*kept, identifier.value]
    for part, value in had.items():
        has.setdefault(part, value)
    stage_identity(work, target, has)
    stage_identity(work, source, {})


def _move_what_waits(work: UnitOfWork, source: MemberState, target: MemberState) -> None:
    """Points that wait for their release wait for the target; earlier merges follow."""
    target.pending_points += source.pending_points
    source.pending_points = 0
    work.touch_balance(source)
    work.touch_balance(target)
    of_source = _PENDING.c.member_id == source.id
    work.execute(
        update(_PENDING)
        .where(of_source, _PENDING.c.state == "pending")
        .values(member_id=target.id),
        update(_VOUCHERS).where(_VOUCHERS.c.member_id == source.id).values(member_id=target.id),
        update(_REFERRALS)
        .where(_REFERRALS.c.referrer_id == source.id)
        .values(referrer_id=target.id),
        update(_CODES)
        .where(
            _CODES.c.member_id == source.id,
            ~exists().where(_OTHERS.c.member_id == target.id),
        )
        .values(member_id=target.id),
        update(_MEMBERS).where(_MEMBERS.c.merged_into == source.id).values(merged_into=target.id),
    )
    move_grants(work, source, target)
    for member in work.state.members.values():
        if member.merged_into == source.id:
            member.merged_into = target.id
