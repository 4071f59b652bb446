"""Return a whole purchase: take back exactly the points it credited.

Points the member has spent or holds meanwhile are not taken below zero, and none are taken whose
member signs for them: what could not be recovered is reported and recorded (FEATURES §6 case 2,
"clamp").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.errors import PurchaseAlreadyReturned, UnknownPurchase
from backend.core.life_errors import PurchaseUnclaimed
from backend.core.operations import Kind
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.tables import PurchaseReturn
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import at_own_till
from backend.services.signed_burn import UNSIGNED, SignedBurn


@dataclass(frozen=True, slots=True)
class PurchaseReturned:
    return_id: str
    purchase_id: str
    program_id: str
    member: MemberState
    points: int
    unrecovered_points: int
    operation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReturnPurchase:
    """Raises UnknownPurchase or PurchaseAlreadyReturned."""

    claim: Claim
    purchase_id: str
    program_id: str
    render: Callable[[PurchaseReturned], bytes]
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        own = Wants(programs={self.program_id}, purchases={self.purchase_id})
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        purchase = work.state.purchases.get(self.purchase_id)
        if purchase is None or not at_own_till(work, self.claim.merchant_id, purchase):
            raise UnknownPurchase("There is no such purchase.")
        if (returned := work.state.returned_purchases.get(self.purchase_id)) is not None:
            raise PurchaseAlreadyReturned("The purchase was returned already.", return_id=returned)
        if purchase["member_id"] is None:
            raise PurchaseUnclaimed(
                "Nobody has claimed the purchase yet; cancel its claim instead."
            )
        member = work.owner(purchase["member_id"])
        return_id = work.new_id("ret")
        program = work.state.programs[self.program_id]
        shielded = self.signed.takes_signatures_only(work, program, member)
        points = 0 if shielded else min(purchase["points"], member.available_points)
        operation_ids = self._burn(work, member, return_id, points)
        unrecovered_points = purchase["points"] - points
        work.stage(
            PurchaseReturn,
            {
                "id": return_id,
                "purchase_id": self.purchase_id,
                "program_id": self.program_id,
                "member_id": member.id,
                "occurred_at_ms": work.now_ms,
                "points": points,
                "unrecovered_points": unrecovered_points,
                "operation_id": operation_ids[0] if operation_ids else None,
            },
        )
        work.state.returned_purchases[self.purchase_id] = return_id
        result = PurchaseReturned(
            return_id,
            self.purchase_id,
            self.program_id,
            member,
            points,
            unrecovered_points,
            operation_ids,
        )
        return Answer(201, self.render(result))

    def _burn(
        self, work: UnitOfWork, member: MemberState, return_id: str, points: int
    ) -> tuple[str, ...]:
        if not points:
            return ()
        details = {"return_id": return_id, "purchase_id": self.purchase_id, "points": points}
        return (work.stage_operation(Kind.RETURN, member, points, return_id, details),)
