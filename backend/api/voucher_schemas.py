"""What the API answers about vouchers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from backend.api.fields import Answered

Unusable = Literal["void", "not_yet_valid", "expired", "used_up"]


class VoucherSummary(Answered):
    """A voucher without its code. Units are uses, or minor units of the currency."""

    id: str
    program_id: str
    member_id: str | None
    claim_id: str | None
    kind: Literal["uses", "value"]
    currency: str
    usable: bool
    reason: Unusable | None = Field(description="Why it is not usable.")
    benefit: dict[str, Any] = Field(description="What a use is good for: kind, title, value, sku.")
    capacity_units: int
    spent_units: int
    reserved_units: int = Field(description="Reserved by tills, for a while.")
    free_units: int
    valid_from: str
    expires_at: str | None
    created_at: str


class VoucherOut(VoucherSummary):
    code: str | None = Field(
        description="As it is printed; null where this answer did not make it: read the voucher.",
        examples=["7HQF-2KWM-94XB-TRCT"],
    )
    qr: str | None = Field(description="The text of a QR code.", examples=["MEREAU:V:7HQF2KWM94X…"])
    barcode: str | None = Field(description="The text of a Code 128 barcode.")


class VoucherUseOut(Answered):
    id: str
    voucher_id: str
    program_id: str
    status: Literal["reserved", "redeemed", "released", "reversed", "expired"]
    units: int = Field(description="Reserved: uses, or minor units of the currency.")
    redeemed_units: int
    reversed_units: int = Field(description="Given back of what was redeemed.")
    reference: str | None
    created_at: str
    expires_at: str = Field(description="When a reservation runs out.")
    voucher: VoucherSummary
