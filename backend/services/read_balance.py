"""Read a member's balance: what the ledger owes, and how much of it the chain shows."""

from __future__ import annotations

from dataclasses import dataclass

from backend.ledger import mirror
from backend.ledger.mirror import NOTHING, MirrorBalance
from backend.services.find_member import member_record
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class BalanceRead:
    member_id: str
    available_points: int
    held_points: int
    on_chain: MirrorBalance


async def read_balance(house: House, merchant_id: str, member_id: str) -> BalanceRead:
    """Raises UnknownMember. Nothing is asked of the chain: the mirror answers for it."""
    record = await member_record(house, merchant_id, member_id)
    address = record.contract_address
    on_chain = MirrorBalance(0, 0, NOTHING, NOTHING)
    if address is not None:
        on_chain = await house.mirror.run(
            lambda connection: mirror.balance_of(connection, address, record.address)
        )
    return BalanceRead(record.id, record.available_points, record.held_points, on_chain)
