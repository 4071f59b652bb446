"""Read a till's use of a voucher, as of now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from backend.core.vouchers import UseState, use_state
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.vouchers import place_of_use, use_by_id, vouchers_by_id
from backend.services.house import House

Row = dict[str, Any]


async def read_voucher_use(
    house: House, merchant_id: str, use_id: str
) -> tuple[Row, VoucherRecord] | None:
    """The use and its voucher; None where the merchant may see no such use."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> tuple[Row, VoucherRecord] | None:
        place = place_of_use(connection, merchant_id, use_id)
        if place is None:
            return None
        row = use_by_id(connection, use_id)
        state = use_state(UseState(row["state"]), row["expires_at_ms"], now_ms)
        found = vouchers_by_id(connection, [place.voucher_id], now_ms)
        return {**row, "state": state.value}, found[place.voucher_id]

    return await house.ledger.run(read)
