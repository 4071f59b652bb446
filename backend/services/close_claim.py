"""Close a claim: capture its hold, cancel it with the points back, or note its handover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.claims import (
    ClaimState,
    claim_state,
    require_cancellable,
    require_granted,
    require_held,
)
from backend.core.membership import require_active, require_open
from backend.core.spending_errors import UnknownClaim, VoucherNotUsable
from backend.core.vouchers import VoucherKind, VoucherState
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.reward_tables import Reward, RewardClaim, RewardGrant
from backend.ledger.spending_documents import reward_terms
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.voucher_tables import Voucher
from backend.ledger.wants import Wants
from backend.services.ask_confirmation import require_answered
from backend.services.claim_reward import member_claims
from backend.services.grant_claim import ClaimChanged, claim_changed, claim_details, grant
from backend.services.lookup import at_own_till
from backend.services.redeem import close_hold, require_left
from backend.services.restore_points import require_restorable, restore_points
from backend.services.signed_burn import UNSIGNED, SignedBurn

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimPlace:
    """Where a claim belongs; none of it ever changes."""

    claim_id: str
    program_id: str
    reward_id: str
    redemption_id: str | None
    grant_id: str | None
    voucher_id: str | None

    def wants(self) -> Wants:
        return Wants(
            programs={self.program_id},
            rewards={self.reward_id},
            redemptions={self.redemption_id} if self.redemption_id else set(),
            grants={self.grant_id} if self.grant_id else set(),
            claims={self.claim_id},
            vouchers={self.voucher_id} if self.voucher_id else set(),
        )

    def row(self, work: UnitOfWork, merchant_id: str) -> Row:
        """The claim; raises UnknownClaim."""
        row = work.state.spending.claims.get(self.claim_id)
        # What rules granted was paid at nobody's till: whoever takes part may close it.
        paid: Row | None = {"program_id": self.program_id, "merchant_id": merchant_id}
        if self.redemption_id is not None:
            paid = work.state.redemptions.get(self.redemption_id)
        if row is None or paid is None or not at_own_till(work, merchant_id, paid):
            raise UnknownClaim("There is no such claim.")
        return row


@dataclass(frozen=True, slots=True)
class CaptureClaim:
    """Raises UnknownClaim, ClaimNotHeld, MemberDeactivated, ConfirmationAwaited while the member
    has not answered, InsufficientPoints where the held points had expired, and what is wrong with
    the member's signature or the lack of one."""

    claim: Claim
    place: ClaimPlace
    code: str
    render: Callable[[ClaimChanged], bytes]
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        return Wants.united([self.place.wants(), self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        row = self.place.row(work, self.claim.merchant_id)
        require_held(_state(work, row))
        program = work.state.programs[row["program_id"]]
        member = work.state.members[row["member_id"]]
        require_active(member.state, member.merged_into)
        redemption = work.state.redemptions[row["redemption_id"]]
        require_answered(redemption, self.signed)
        self.signed.require(work, program, member)
        require_left(member, redemption, redemption["points"])
        details = claim_details(row["id"], row["reward_id"], row["step_id"])
        reward = work.state.spending.rewards[row["reward_id"]]
        reward.held_count -= 1
        code = grant(work, program, reward, row, self.code)
        _stage(work, row)
        close_hold(work, redemption, member, redemption["points"], details, self.signed)
        return Answer(200, self.render(claim_changed(work, row, code)), secret=code is not None)


@dataclass(frozen=True, slots=True)
class CancelClaim:
    """A hold gives its points back as they were. A claim that was granted restores them at their
    age, or gives the grant back that it was made of, and its voucher is void.

    Raises UnknownClaim, ClaimNotCancellable, ConsentInFlight or PointsOutOfRange.
    """

    claim: Claim
    place: ClaimPlace
    render: Callable[[ClaimChanged], bytes]

    def wants(self) -> Wants:
        return self.place.wants()

    def decide(self, work: UnitOfWork) -> Answer:
        row = self.place.row(work, self.claim.merchant_id)
        state, terms = _state(work, row), reward_terms(row["document"])
        voucher = work.state.spending.vouchers.get(row["voucher_id"] or "")
        used = voucher.spent_units + voucher.reserved_units if voucher else 0
        granted_at_ms = row["granted_at_ms"] or 0
        require_cancellable(state, granted_at_ms, terms.cancel_within_hours, used, work.now_ms)
        member = work.owner(row["member_id"])
        require_open(member.state, member.merged_into)
        operation_ids, restored = self._free(work, row, member, state)
        member_claims(work, row["reward_id"], member.id).pop(row["id"], None)
        if voucher is not None:
            _void(work, voucher)
        row["state"], row["closed_at_ms"] = ClaimState.CANCELLED.value, work.now_ms
        _stage(work, row)
        return Answer(200, self.render(claim_changed(work, row, None, operation_ids, restored)))

    def _free(
        self, work: UnitOfWork, row: Row, member: MemberState, state: ClaimState
    ) -> tuple[tuple[str, ...], int]:
        reward = work.state.spending.rewards[row["reward_id"]]
        if row["grant_id"] is not None:
            _give_grant_back(work, row["grant_id"])
            reward.taken_count -= 1
            work.stage_update(Reward, reward.changes())
            return (), 0
        redemption = work.state.redemptions[row["redemption_id"]]
        if state is ClaimState.HELD:
            close_hold(work, redemption, member, 0)
            reward.held_count -= 1
            return (), redemption["points"]
        require_restorable(work, member, redemption, redemption["points"])
        points = redemption["points"]
        restored = restore_points(work, member, redemption, points, row["id"])
        reward.taken_count -= 1
        work.stage_update(Reward, reward.changes())
        return restored.operation_ids, restored.points


@dataclass(frozen=True, slots=True)
class FulfilClaim:
    """Notes that the reward was handed over; what its voucher had left is used up with it.

    Raises UnknownClaim, ClaimNotGranted, or VoucherNotUsable for a gift card, which only its own
    uses empty.
    """

    claim: Claim
    place: ClaimPlace
    render: Callable[[ClaimChanged], bytes]

    def wants(self) -> Wants:
        return self.place.wants()

    def decide(self, work: UnitOfWork) -> Answer:
        row = self.place.row(work, self.claim.merchant_id)
        require_granted(_state(work, row))
        voucher = work.state.spending.vouchers.get(row["voucher_id"] or "")
        if voucher is not None:
            if voucher.kind == VoucherKind.VALUE or voucher.reserved_units:
                raise VoucherNotUsable("Its voucher is used at a till.", reason="in_use")
            voucher.spent_units = voucher.capacity_units
            work.stage_update(Voucher, voucher.changes())
        fulfil(work, row)
        return Answer(200, self.render(claim_changed(work, row)))


def fulfil(work: UnitOfWork, row: Row) -> None:
    """Stages that nothing of the claim is left to hand over."""
    row["state"], row["closed_at_ms"] = ClaimState.FULFILLED.value, work.now_ms
    _stage(work, row)


def unfulfil(work: UnitOfWork, row: Row) -> None:
    """Stages that something of it is left again."""
    row["state"], row["closed_at_ms"] = ClaimState.GRANTED.value, None
    _stage(work, row)


def _state(work: UnitOfWork, row: Row) -> ClaimState:
    return claim_state(ClaimState(row["state"]), row["expires_at_ms"], work.now_ms)


def _stage(work: UnitOfWork, row: Row) -> None:
    changing = ("id", "state", "receipt_no", "granted_at_ms", "closed_at_ms")
    work.stage_update(RewardClaim, {name: row[name] for name in changing})


def _give_grant_back(work: UnitOfWork, grant_id: str) -> None:
    given = work.state.spending.grants[grant_id]
    given["claimed_count"] -= 1
    work.stage_update(RewardGrant, {"id": grant_id, "claimed_count": given["claimed_count"]})


def _void(work: UnitOfWork, voucher: VoucherRecord) -> None:
    voucher.state = VoucherState.VOID.value
    work.stage_update(Voucher, voucher.changes())
