"""Read a member's vouchers that can still be used, each with its code."""

from __future__ import annotations

from backend.ledger.vouchers import vouchers_of_member
from backend.services.check_voucher import VoucherRead, reason_of
from backend.services.find_member import member_record
from backend.services.house import House

_OVER = frozenset({"void", "expired", "used_up"})


async def read_vouchers(house: House, merchant_id: str, member_id: str) -> list[VoucherRead]:
    """Newest first, those whose time is yet to come among them; raises UnknownMember."""
    await member_record(house, merchant_id, member_id)
    now_ms = house.now_ms()
    found = await house.ledger.run(
        lambda connection: vouchers_of_member(connection, merchant_id, member_id, now_ms)
    )
    left = [(each, reason_of(each, now_ms)) for each in found]
    return [
        VoucherRead(each, house.vault.open_code(each.id, each.sealed_code), reason)
        for each, reason in left
        if reason not in _OVER
    ]
