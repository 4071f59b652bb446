"""Read adjustments: those that wait for a second person, and what became of the others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from backend.core.adjustments import UnknownAdjustment
from backend.core.ids import is_id
from backend.ledger import adjustments
from backend.services.house import House

Row = dict[str, Any]


async def read_adjustment(house: House, merchant_id: str, adjustment_id: str) -> Row:
    """With the names of who asked and who decided; raises UnknownAdjustment."""
    found = None
    if is_id("adj", adjustment_id):
        found = await house.ledger.run(
            lambda connection: adjustments.adjustment_by_id(connection, merchant_id, adjustment_id)
        )
    if found is None:
        raise UnknownAdjustment("There is no such adjustment.")
    return found


async def list_adjustments(
    house: House, merchant_id: str, program_id: str, limit: int, before_id: str | None
) -> tuple[list[Row], list[Row], bool]:
    """All that wait, a page of those that do not, the newest first, and whether there are more."""

    def read(connection: Connection) -> tuple[list[Row], list[Row]]:
        waiting = adjustments.waiting_adjustments(connection, merchant_id, program_id)
        rest = adjustments.adjustments_of_program(
            connection, merchant_id, program_id, limit + 1, before_id
        )
        return waiting, rest

    waiting, rest = await house.ledger.run(read)
    return waiting, rest[:limit], len(rest) > limit


async def adjustments_of(
    house: House, merchant_id: str, member_id: str, limit: int, before_id: str | None
) -> tuple[list[Row], bool]:
    """A page of the member's adjustments, the newest first, and whether there are more."""
    found = await house.ledger.run(
        lambda connection: adjustments.adjustments_of_member(
            connection, merchant_id, member_id, limit + 1, before_id
        )
    )
    return found[:limit], len(found) > limit
