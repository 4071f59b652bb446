"""Check a voucher: what it is good for and what is left on it, by its code or its id."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.ids import is_id
from backend.core.spending_errors import UnknownVoucher
from backend.core.voucher_codes import parse_code
from backend.core.vouchers import VoucherState, why_not_usable
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.vouchers import voucher_by_digest, voucher_of
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class VoucherRead:
    """A voucher with its code; `reason` says why it takes no use now, None that it does."""

    voucher: VoucherRecord
    code: str
    reason: str | None


async def check_voucher(house: House, merchant_id: str, text: str) -> VoucherRead:
    """By its code as typed or scanned; raises VoucherCodeInvalid or UnknownVoucher."""
    code, now_ms = parse_code(text), house.now_ms()
    digest = house.vault.code_digest(code)
    found = await house.ledger.run(
        lambda connection: voucher_by_digest(connection, merchant_id, digest, now_ms)
    )
    if found is None:
        raise UnknownVoucher("There is no such voucher.")
    return VoucherRead(found, code, reason_of(found, now_ms))


async def read_voucher(house: House, merchant_id: str, voucher_id: str) -> VoucherRead:
    """By its id, for whoever shows the code to its holder again; raises UnknownVoucher."""
    found, now_ms = None, house.now_ms()
    if is_id("vou", voucher_id):
        found = await house.ledger.run(
            lambda connection: voucher_of(connection, merchant_id, voucher_id, now_ms)
        )
    if found is None:
        raise UnknownVoucher("There is no such voucher.")
    code = house.vault.open_code(found.id, found.sealed_code)
    return VoucherRead(found, code, reason_of(found, now_ms))


def reason_of(voucher: VoucherRecord, now_ms: int) -> str | None:
    """Why the voucher takes no use now."""
    return why_not_usable(
        VoucherState(voucher.state),
        voucher.valid_from_ms,
        voucher.expires_at_ms,
        voucher.allowance.free_units,
        now_ms,
    )
