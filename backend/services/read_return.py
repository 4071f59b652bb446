"""Read returns: one by its id, or those of a purchase with what is left of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.errors import UnknownPurchase, UnknownReturn
from backend.core.ids import is_id
from backend.core.returned_parts import Figures
from backend.ledger.programs import program_of_purchase
from backend.ledger.returns import ReturnRecord, return_by_id, returns_of
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import at_own_till
from backend.services.take_back import left_of


@dataclass(frozen=True, slots=True)
class ReturnsRead:
    """The returns of a purchase, oldest first, and what they left of it."""

    records: list[ReturnRecord]
    remaining: Figures


async def read_return(house: House, merchant_id: str, return_id: str) -> ReturnRecord:
    """Raises UnknownReturn, also when it is somebody else's."""
    found = None
    if is_id("ret", return_id):
        found = await house.ledger.run(
            lambda connection: return_by_id(connection, merchant_id, return_id)
        )
    if found is None:
        raise UnknownReturn("There is no such return.")
    return found


async def read_returns(house: House, merchant_id: str, purchase_id: str) -> ReturnsRead:
    """Raises UnknownPurchase, also when it is somebody else's."""

    def read(connection: Connection) -> ReturnsRead:
        program_id = None
        if is_id("pur", purchase_id):
            program_id = program_of_purchase(connection, purchase_id)
        work = UnitOfWork(connection, house.vault, house.now_ms(), house.new_id)
        if program_id is not None:
            work.load(Wants(programs={program_id}, purchases={purchase_id}), lock=False)
        purchase = work.state.purchases.get(purchase_id)
        if purchase is None or not at_own_till(work, merchant_id, purchase):
            raise UnknownPurchase("There is no such purchase.")
        left = left_of(work, purchase)
        return ReturnsRead(returns_of(connection, purchase_id), left)

    return await house.ledger.run(read)
