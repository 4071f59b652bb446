"""Quote a purchase: what it would earn, without any effect."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.engine.outcome import Evaluation
from backend.ledger.loading import MemberState
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.accept_purchase import PurchaseTerms, earn, with_payment
from backend.services.house import House
from backend.services.judging import judged_at
from backend.services.lookup import till_program
from backend.services.signed_burn import UNSIGNED


@dataclass(frozen=True, slots=True)
class Quote:
    program_id: str
    member: MemberState
    earned: Evaluation


async def quote_purchase(house: House, merchant_id: str, terms: PurchaseTerms) -> Quote:
    """Raises what accepting the purchase would raise, except for a receipt already recorded."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> Quote:
        work = UnitOfWork(connection, house.vault, now_ms, house.new_id)
        work.load(terms.wants(), lock=False)
        program = till_program(work, merchant_id, terms.member.program_id)
        member = terms.member.resolve(work)
        judged, _ = with_payment(work, merchant_id, member, terms, UNSIGNED)
        with judged_at(work, program, merchant_id):
            return Quote(program.id, member, earn(work, program, member, judged))

    return await house.ledger.run(read)
