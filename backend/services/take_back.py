"""Take a purchase or a part of it back: its points from the member, what it was paid with to them.

What is taken back is what the purchase was credited with, as it was recorded; the rules of today
are not asked. Points it was paid with come back first, so that they can be taken from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from backend.core.canonical import canonical_json
from backend.core.engine.outcome import Grant
from backend.core.errors import PurchaseAlreadyReturned
from backend.core.life_errors import PurchaseUnclaimed
from backend.core.membership import MembershipState
from backend.core.operations import Kind
from backend.core.returned_parts import (
    Asked,
    Back,
    Figures,
    Sold,
    SoldLine,
    figures,
    is_complete,
    more_back,
)
from backend.core.returns import ClawBack, claw_back
from backend.ledger import debts
from backend.ledger.loading import Loaded, MemberState
from backend.ledger.return_tables import PurchaseReturn
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.pending_points import cancel_pending
from backend.services.restore_points import (
    NOTHING_RESTORED,
    Restored,
    require_restorable,
    restorable_points,
    restore_points,
)
from backend.services.signed_burn import SignedBurn
from backend.services.stage_grants import cancel_grants, claimed_rules
from backend.services.undo_purchase import undo_purchase

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PurchaseReturned:
    """`went_back` is of this return, `remaining` of the purchase after it. `grants` are the
    rewards of the purchase that were claimed, once all of it is back."""

    return_id: str
    purchase_id: str
    program_id: str
    member: MemberState
    went_back: Figures
    remaining: Figures
    clawed: ClawBack
    restored: Restored
    operation_ids: tuple[str, ...]
    grants: tuple[Grant, ...]


def sold_of(state: Loaded, purchase: Row) -> Sold:
    """The purchase as it was recorded."""
    lines = tuple(
        SoldLine(
            line_no=row["line_no"],
            line_id=row["line_id"],
            quantity=row["quantity"],
            amount_minor=row["amount_minor"],
            points=row["points"] + row["pending_points"],
        )
        for row in state.returns.lines.get(purchase["id"], ())
        if not row["voided"]
    )
    paid = json.loads(purchase["document"]) if purchase["document"] else {}
    payment = payment_of(state, purchase)
    return Sold(
        amount_minor=purchase["amount_minor"],
        points=purchase["points"] + purchase["pending_points"],
        lines=lines,
        points_minor=paid.get("paid_with_points_minor", 0),
        redeemed_points=0 if payment is None else payment["points"],
        gift_card_minor=paid.get("paid_with_gift_card_minor", 0),
    )


def payment_of(state: Loaded, purchase: Row) -> Row | None:
    """The redemption that paid a part of the purchase."""
    for redemption in state.redemptions.values():
        if redemption.get("purchase_id") == purchase["id"]:
            return redemption
    return None


def left_of(work: UnitOfWork, purchase: Row) -> Figures:
    """What of the purchase was not returned."""
    sold = sold_of(work.state, purchase)
    return figures(sold, Back(whole=True)).since(
        figures(sold, work.state.returns.back(purchase["id"]))
    )


def take_back(
    work: UnitOfWork, purchase: Row, asked: Asked, signed: SignedBurn, return_id: str
) -> PurchaseReturned:
    """Stages the return of what is asked.

    Raises, before anything is staged, PurchaseUnclaimed, PurchaseAlreadyReturned,
    ReturnExceedsPurchase, ReturnInvalid, ConsentInFlight or PointsOutOfRange.
    """
    state = work.state
    if purchase["member_id"] is None:
        raise PurchaseUnclaimed("Nobody has claimed the purchase yet; cancel its claim instead.")
    sold, before = sold_of(state, purchase), state.returns.back(purchase["id"])
    made = state.returns.made.setdefault(purchase["id"], [])
    try:
        after = more_back(sold, before, asked)
    except PurchaseAlreadyReturned as refusal:
        raise PurchaseAlreadyReturned(refusal.message, return_id=made[-1]["id"]) from None
    went_back = figures(sold, after).since(figures(sold, before))
    member = work.owner(purchase["member_id"])
    restored = _restore(work, member, purchase, went_back.restored_points, return_id)
    clawed, operation_id = _claw_back(work, member, purchase, went_back.points, signed, return_id)
    program = work.state.programs[purchase["program_id"]]
    work.touch_program(program)
    row = {
        "id": return_id,
        "purchase_id": purchase["id"],
        "return_no": len(made) + 1,
        "program_id": purchase["program_id"],
        "member_id": member.id,
        "occurred_at_ms": work.now_ms,
        **_difference(before, after),
        "value_minor": went_back.value_minor,
        "points_minor": went_back.points_minor,
        "gift_card_minor": went_back.gift_card_minor,
        "points": clawed.taken_points,
        "cancelled_points": clawed.cancelled_points,
        "debt_points": clawed.debt_points,
        "forgiven_points": clawed.forgiven_points,
        "restored_points": restored.points,
        "expired_points": restored.expired_points,
        "operation_id": operation_id,
        "activity_no": program.next_activity(),
    }
    work.stage(PurchaseReturn, row)
    made.append(row)
    undo_purchase(work, member, purchase, sold, before, after, return_id)
    remaining = left_of(work, purchase)
    if not remaining.value_minor:
        _cancel_of_others(work, member, purchase)
        if purchase["document"] and "grants" in json.loads(purchase["document"]):
            cancel_grants(work, source_id=purchase["id"])
    burned = (operation_id,) if operation_id else ()
    return PurchaseReturned(
        return_id=return_id,
        purchase_id=purchase["id"],
        program_id=purchase["program_id"],
        member=member,
        went_back=went_back,
        remaining=remaining,
        clawed=clawed,
        restored=restored,
        operation_ids=(*restored.operation_ids, *burned),
        grants=_claimed(work, purchase) if is_complete(sold, after) else (),
    )


def _claimed(work: UnitOfWork, purchase: Row) -> tuple[Grant, ...]:
    document = json.loads(purchase["document"]) if purchase["document"] else {}
    given = [Grant(**grant) for grant in document.get("grants", ())]
    claimed = claimed_rules(work, purchase["id"]) if given else set()
    return tuple(grant for grant in given if grant.rule in claimed)


def _difference(before: Back, after: Back) -> Row:
    units = {
        str(line_no): quantity - before.units.get(line_no, 0)
        for line_no, quantity in after.units.items()
        if quantity != before.units.get(line_no, 0)
    }
    return {
        "units": canonical_json(units).decode(),
        "loose_minor": after.loose_minor - before.loose_minor,
        "whole": after.whole,
    }


def _restore(
    work: UnitOfWork, member: MemberState, purchase: Row, points: int, return_id: str
) -> Restored:
    """Gives back what the purchase was paid with, as far as no refund has done so."""
    redemption = payment_of(work.state, purchase)
    if redemption is None or member.state == MembershipState.CLOSED:
        return NOTHING_RESTORED
    points = min(points, restorable_points(redemption))
    if not points:
        return NOTHING_RESTORED
    require_restorable(work, member, redemption, points)
    return restore_points(work, member, redemption, points, return_id)


def _claw_back(
    work: UnitOfWork,
    member: MemberState,
    purchase: Row,
    points: int,
    signed: SignedBurn,
    return_id: str,
) -> tuple[ClawBack, str | None]:
    """Takes the points back by the policy of the rules that the purchase was judged by."""
    program = work.state.programs[purchase["program_id"]]
    policy = work.state.returns.policy(program.id, purchase["rules_version"])
    # The rest is of the member who brought this one, and is no part of the purchase.
    waiting = work.state.earning.waiting(purchase["id"])
    pending = [row for row in waiting if row["member_id"] == member.id]
    clawed = claw_back(
        policy.spent_points,
        points,
        sum(row["points"] - row["cancelled_points"] for row in pending),
        member.available_points,
        burnable=not signed.takes_signatures_only(work, program, member),
    )
    cancelled_points = clawed.cancelled_points
    for row in pending:
        cancelled_points -= cancel_pending(work, member, row, cancelled_points)
    operation_id = None
    if clawed.taken_points:
        details = {
            "return_id": return_id,
            "purchase_id": purchase["id"],
            "points": clawed.taken_points,
        }
        operation_id = work.stage_operation(
            Kind.RETURN, member, clawed.taken_points, return_id, details
        )
    if clawed.debt_points:
        debts.owe(work, member, clawed.debt_points, return_id)
    return clawed, operation_id


def _cancel_of_others(work: UnitOfWork, member: MemberState, purchase: Row) -> None:
    """A purchase that went back whole was no friend's first: who brought the member gets
    nothing for it."""
    for row in work.state.earning.waiting(purchase["id"]):
        referrer = work.state.members.get(row["member_id"])
        if referrer is not None and referrer.id != member.id:
            cancel_pending(work, referrer, row, row["points"])
