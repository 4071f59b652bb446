"""Read a redemption: how it stands now, and whether its member has answered."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from backend.core.errors import UnknownRedemption
from backend.core.ids import is_id
from backend.core.lifecycle import redemption_state
from backend.ledger.programs import program_of_redemption
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import at_own_till
from backend.services.redeem import RedemptionChanged, changed


async def read_redemption(house: House, merchant_id: str, redemption_id: str) -> RedemptionChanged:
    """As of now; raises UnknownRedemption, also when it is another till's."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> RedemptionChanged | None:
        program_id = program_of_redemption(connection, redemption_id)
        if program_id is None:
            return None
        work = UnitOfWork(connection, house.vault, now_ms, house.new_id)
        work.load(Wants(programs={program_id}, redemptions={redemption_id}), lock=False)
        row = work.state.redemptions[redemption_id]
        if not at_own_till(work, merchant_id, row):
            return None
        read = changed(row, work.state.members[row["member_id"]], now_ms)
        return replace(read, state=redemption_state(read.state, read.expires_at_ms, now_ms))

    found = await house.ledger.run(read) if is_id("red", redemption_id) else None
    if found is None:
        raise UnknownRedemption("There is no such redemption.")
    return found
