"""What the API takes, as models; ranges that have a code of their own are checked by the core."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from backend.api.fields import AmountMinor, Currency, Points, Strict, Text, Timestamp
from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind


class Identifiers(Strict):
    """What a member is known by."""

    external_id: Text | None = Field(default=None, examples=["customer-00004"])
    phone: Text | None = Field(default=None, examples=["+33612345678"])
    email: Annotated[str, Field(max_length=254)] | None = None
    card: Text | None = None

    def identifiers(self) -> list[Identifier]:
        """Those given, in normal form; raises IdentifierInvalid."""
        given = [(kind, getattr(self, kind.value)) for kind in IdentifierKind]
        return [Identifier.parse(kind, text) for kind, text in given if text is not None]


class MemberKey(Identifiers):
    """Exactly one of the identifiers."""

    def identifier(self) -> Identifier:
        found = self.identifiers()
        if len(found) != 1:
            raise IdentifierInvalid("Name the member by exactly one identifier.")
        return found[0]


class EarningIn(Strict):
    """`points` for every `per_amount_minor` spent, rounded down per purchase."""

    points: int = Field(examples=[1])
    per_amount_minor: int = Field(examples=[100])


class ProgramIn(Strict):
    name: Annotated[str, Field(max_length=200)] = Field(examples=["Boulangerie Martin"])
    symbol: Annotated[str, Field(max_length=32)] = Field(examples=["MARTIN"])
    currency: Currency
    earning: EarningIn
    hold_ttl_seconds: int = Field(
        default=900, description="How long a redemption holds points before it lapses."
    )


class MemberIn(Identifiers):
    program_id: str


class PurchaseIn(Strict):
    program_id: str = Field(max_length=64)
    member_id: Annotated[str, Field(max_length=64)] | None = None
    member: MemberKey | None = None
    receipt_id: str = Field(
        json_schema_extra={"minLength": 1, "maxLength": 128},
        description="The till's receipt number, unique in the program for ever.",
        examples=["T1-2026-000123"],
    )
    occurred_at: Timestamp
    currency: Currency
    amount_minor: AmountMinor
    store_id: Text | None = None
    channel: Text | None = None

    @model_validator(mode="after")
    def _names_one_member(self) -> PurchaseIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self


class ReturnIn(Strict):
    """The whole purchase is returned."""


class RedemptionIn(Strict):
    program_id: str = Field(max_length=64)
    member_id: Annotated[str, Field(max_length=64)] | None = None
    member: MemberKey | None = None
    points: Points
    capture: bool = Field(default=False, description="Burn at once instead of holding.")

    @model_validator(mode="after")
    def _names_one_member(self) -> RedemptionIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self
