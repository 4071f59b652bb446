"""What the API takes and answers about guests' purchases."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from backend.api.fields import AmountMinor, Answered, Strict
from backend.api.requests import MemberKey, SaleIn, shown

_PROGRAM: Final = "prg_01kdvdna00905t7f6hambfpdpk"
_CODE: Final = "7KQ2-MX4R-9TPA-WD3H"


class GuestPurchaseIn(SaleIn):
    """A purchase of somebody who is not, or not yet, a member."""

    model_config = shown(
        program_id=_PROGRAM,
        receipt_id="T1-2026-000124",
        occurred_at="2026-03-01T12:30:00+01:00",
        currency="EUR",
        amount_minor=1177,
    )


class GuestPurchaseOut(Answered):
    id: str
    program_id: str
    receipt_id: str
    claim_code: str = Field(description="To be printed on the receipt.", examples=[_CODE])
    claimable_until: str


class ReceiptKey(Strict):
    """The receipt, and what it says was paid: who has it in hand knows both."""

    receipt_id: Annotated[str, Field(max_length=128)]
    amount_minor: AmountMinor


class GuestClaimIn(Strict):
    model_config = shown(program_id=_PROGRAM, member={"phone": "+33612345678"}, claim_code=_CODE)

    program_id: str = Field(max_length=64)
    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Exactly one of `member_id` and `member`."
    )
    member: MemberKey | None = None
    claim_code: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Exactly one of `claim_code` and `receipt`."
    )
    receipt: ReceiptKey | None = None

    @model_validator(mode="after")
    def _names_one_of_each(self) -> GuestClaimIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        if (self.claim_code is None) == (self.receipt is None):
            raise ValueError("give either claim_code or receipt")
        return self


class GuestCancelledOut(Answered):
    id: str
    program_id: str
