"""Return a purchase that is known, whole or in parts, each part under a key of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.errors import UnknownPurchase
from backend.core.returned_parts import Asked
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import at_own_till
from backend.services.signed_burn import UNSIGNED, SignedBurn
from backend.services.take_back import PurchaseReturned, take_back


@dataclass(frozen=True, slots=True)
class ReturnPurchase:
    """Raises UnknownPurchase, PurchaseAlreadyReturned, ReturnExceedsPurchase, ReturnInvalid or
    PointsOutOfRange."""

    claim: Claim
    purchase_id: str
    program_id: str
    asked: Asked
    render: Callable[[PurchaseReturned], bytes]
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        program = {self.program_id}
        own = Wants(programs=program, rules_of=program, purchases={self.purchase_id})
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        purchase = work.state.purchases.get(self.purchase_id)
        if purchase is None or not at_own_till(work, self.claim.merchant_id, purchase):
            raise UnknownPurchase("There is no such purchase.")
        taken = take_back(work, purchase, self.asked, self.signed, work.new_id("ret"))
        return Answer(201, self.render(taken))
