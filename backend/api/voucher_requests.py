"""What the API takes about vouchers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from backend.api.fields import Strict, Text, Timestamp, to_ms
from backend.api.requests import MemberKey, shown
from backend.api.reward_requests import RewardKindName, TextsIn
from backend.core.vouchers import VoucherKind
from backend.services.issue_voucher import VoucherTerms

_PROGRAM = "prg_01kdvdna00905t7f6hambfpdpk"


class BenefitIn(Strict):
    """What a use is good for, for the till to apply."""

    kind: RewardKindName
    title: TextsIn
    value: int | None = Field(default=None, description="Minor units, or percent.", ge=0, le=10**12)
    sku: Text | None = None


class VoucherIn(Strict):
    model_config = shown(
        program_id=_PROGRAM,
        kind="value",
        amount_minor=5000,
        benefit={
            "kind": "gift_card",
            "title": {"en": "Gift card 50 €", "fr": "Carte cadeau 50 €"},
        },
        expires_at="2099-12-31T23:59:59+01:00",
    )

    program_id: str = Field(max_length=64)
    kind: Literal["uses", "value"] = Field(description="So many uses, or a stored value.")
    uses: int | None = Field(default=None, description="Of `uses`; 1 if left out.", examples=[1])
    amount_minor: int | None = Field(default=None, description="Of `value`.", examples=[5000])
    benefit: BenefitIn
    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Whom it is for; at most one of this and `member`."
    )
    member: MemberKey | None = None
    valid_from: Timestamp | None = Field(default=None, description="Now, if left out.")
    expires_at: Timestamp | None = Field(default=None, description="Never, if left out.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> VoucherIn:
        if self.kind == "value" and (self.amount_minor is None or self.uses is not None):
            raise ValueError("a value has amount_minor and no uses")
        if self.kind == "uses" and self.amount_minor is not None:
            raise ValueError("uses have no amount_minor")
        if self.member_id is not None and self.member is not None:
            raise ValueError("give at most one of member_id and member")
        return self

    def terms(self) -> VoucherTerms:
        """As the service takes them."""
        benefit: dict[str, Any] = self.benefit.model_dump(exclude_none=True)
        uses = 1 if self.uses is None else self.uses
        return VoucherTerms(
            kind=VoucherKind(self.kind),
            capacity_units=uses if self.amount_minor is None else self.amount_minor,
            benefit=benefit,
            from_ms=to_ms(self.valid_from) if self.valid_from else None,
            expires_at_ms=to_ms(self.expires_at) if self.expires_at else None,
        )


class VoucherCheckIn(Strict):
    model_config = shown(code="7HQF-2KWM-94XB-TRCT")

    code: str = Field(
        json_schema_extra={"maxLength": 64},
        description="As typed or scanned; hyphens, spaces and small letters do not matter.",
        examples=["7HQF-2KWM-94XB-TRCT"],
    )


class VoucherUseIn(VoucherCheckIn):
    model_config = shown(code="7HQF-2KWM-94XB-TRCT", amount_minor=1990, reference="T1-2026-000123")

    amount_minor: int | None = Field(
        default=None,
        description="Of a stored value; all that is left if left out. Left out for uses: one.",
        examples=[1990],
    )
    redeem: bool = Field(default=False, description="Redeem at once instead of reserving.")
    reference: Text | None = Field(default=None, description="Yours, as a receipt's number.")


class UseAmountIn(Strict):
    """How much of the use; all of it if left out."""

    amount_minor: int | None = Field(default=None, examples=[1500])
