"""What the API takes and answers about paying with points."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from backend.api.asking import Asking
from backend.api.fields import AmountMinor, Answered, Currency, Strict
from backend.api.requests import MemberKey, shown
from backend.core.spending import Refused

_PROGRAM = "prg_01kdvdna00905t7f6hambfpdpk"


class PaymentQuoteIn(Strict):
    model_config = shown(
        program_id=_PROGRAM, member={"phone": "+33612345678"}, currency="EUR", basket_minor=4000
    )

    program_id: str = Field(max_length=64)
    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Exactly one of `member_id` and `member`."
    )
    member: MemberKey | None = None
    currency: Currency
    basket_minor: AmountMinor

    @model_validator(mode="after")
    def _names_one_member(self) -> PaymentQuoteIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self


class PaymentIn(PaymentQuoteIn, Asking):
    model_config = shown(
        program_id=_PROGRAM,
        member={"phone": "+33612345678"},
        currency="EUR",
        basket_minor=4000,
        amount_minor=500,
    )

    amount_minor: int | None = Field(
        default=None,
        description="What the points are to pay; the most they can, if left out.",
        examples=[500],
    )
    points: int | None = Field(
        default=None, description="So many points instead of an amount.", examples=[500]
    )
    capture: bool = Field(default=False, description="Burn at once instead of holding.")

    @model_validator(mode="after")
    def _says_one_amount(self) -> PaymentIn:
        if self.amount_minor is not None and self.points is not None:
            raise ValueError("give at most one of amount_minor and points")
        return self

    @model_validator(mode="after")
    def _signed_is_captured(self) -> PaymentIn:
        signed = self.capture and self.points is not None
        if self.consent is not None and not (signed and self.consent.redemption_ref):
            raise ValueError("consent has a redemption_ref and goes with points and capture: true")
        return self


class CaptureIn(Strict):
    """How much of a hold to burn, in points or in what they pay; all of it if left out."""

    points: int | None = Field(default=None, examples=[30])
    amount_minor: int | None = Field(
        default=None, description="Of a payment with points.", examples=[300]
    )

    @model_validator(mode="after")
    def _says_one_amount(self) -> CaptureIn:
        if self.amount_minor is not None and self.points is not None:
            raise ValueError("give at most one of amount_minor and points")
        return self


class SpendRateOut(Answered):
    """So many points are worth so much."""

    points: int
    worth_minor: int
    min_points: int = Field(description="The fewest points of one payment.")
    threshold_points: int = Field(description="What a member must have to pay with points at all.")
    min_basket_minor: int
    max_share_percent: int = Field(description="Of the basket.")


class PaymentQuoteOut(Answered):
    program_id: str
    member_id: str
    currency: str
    basket_minor: int
    available: int = Field(description="The member's points.")
    points: int = Field(description="The most of them that the basket takes; 0 when refused.")
    amount_minor: int = Field(description="What those pay.")
    left_to_pay_minor: int
    refused_for: Refused | None
    rate: SpendRateOut
