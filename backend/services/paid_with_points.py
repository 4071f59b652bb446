"""The points part of a purchase: the redemption that paid it, named once and for ever.

A hold that a purchase names is captured in the purchase's own commit, so that no sale can end with
the points gone and the purchase missing, or the other way round.
"""

from __future__ import annotations

from typing import Any

from backend.core.errors import UnknownRedemption
from backend.core.lifecycle import RedemptionState
from backend.core.spending_errors import PaymentMismatch
from backend.ledger.loading import MemberState
from backend.ledger.payment_tables import PointPayment
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.ask_confirmation import require_answered
from backend.services.lookup import at_own_till
from backend.services.paid_part import PaidPart
from backend.services.redeem import close_hold, require_left, require_open
from backend.services.signed_burn import SignedBurn

Row = dict[str, Any]


def paid_part(
    work: UnitOfWork,
    merchant_id: str,
    member: MemberState,
    redemption_id: str,
    basket_minor: int,
    signed: SignedBurn,
) -> tuple[Row, int]:
    """The redemption and what it pays of the purchase, in minor units.

    Raises UnknownRedemption also for another member's, RedemptionNotHeld for one that is over,
    PaymentMismatch for one that pays no basket, paid another purchase or more than this basket,
    ConfirmationAwaited while the member has not answered, SignatureRequired where its capture takes
    a signature, and InsufficientPoints where the held points had expired.
    """
    row = work.state.redemptions.get(redemption_id)
    if row is None or row["member_id"] != member.id or not at_own_till(work, merchant_id, row):
        raise UnknownRedemption("The member has no such redemption.")
    paid = PaidPart.of(row)
    if paid is None:
        raise PaymentMismatch("The redemption pays no basket.", reason="no_payment")
    if paid.purchase_id is not None:
        raise PaymentMismatch(
            "It paid another purchase.", reason="paid_another", purchase_id=paid.purchase_id
        )
    if paid.worth_minor > basket_minor:
        raise PaymentMismatch("It pays more than the purchase costs.", reason="amount")
    if row["state"] != RedemptionState.CAPTURED:
        require_open(work, row)
        require_answered(row, signed)
        signed.require(work, work.state.programs[member.program_id], member)
        require_left(member, row, row["points"])
    return row, paid.worth_minor


def settle_part(work: UnitOfWork, member: MemberState, row: Row, purchase_id: str) -> None:
    """After `paid_part`, once the purchase is staged: captures the hold, and ties it to it."""
    if row["state"] == RedemptionState.HELD:
        close_hold(work, row, member, row["points"], {"purchase_id": purchase_id})
    row["purchase_id"] = purchase_id
    work.stage_update(PointPayment, {"redemption_id": row["id"], "purchase_id": purchase_id})
