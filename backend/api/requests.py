"""What the API takes, as models; ranges that have a code of their own are checked by the core."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from backend.api.asking import Asking
from backend.api.basket_requests import Lines, Share
from backend.api.fields import AmountMinor, Currency, Points, Strict, Text, Timestamp
from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind

_PROGRAM: Final = "prg_01kdvdna00905t7f6hambfpdpk"


def shown(**example: JsonValue) -> ConfigDict:
    """The configuration of a model with an example of a whole request."""
    return ConfigDict(json_schema_extra={"examples": [example]})


QrText = Annotated[
    str,
    Field(
        max_length=200,
        description="The text of a member's or card's QR code.",
        examples=["MEREAU:1:C:01KDVDNA00905T7F6HAMBFPDPK:2900001234561:0:" + 26 * "A"],
    ),
]


class Identifiers(Strict):
    """What a member is known by."""

    external_id: Text | None = Field(default=None, examples=["customer-00004"])
    phone: Text | None = Field(
        default=None,
        description="With + and country code (E.164); separators are ignored.",
        examples=["+33612345678"],
    )
    email: Annotated[str, Field(max_length=254)] | None = Field(
        default=None, examples=["ana@example.org"]
    )
    card: Text | None = Field(
        default=None, description="4 to 64 letters and digits.", examples=["2900001234567"]
    )

    def identifiers(self) -> list[Identifier]:
        """Those given but for a QR code, in normal form; raises IdentifierInvalid."""
        given = [(kind, getattr(self, kind.value)) for kind in IdentifierKind]
        return [Identifier.parse(kind, text) for kind, text in given if text is not None]


class MemberKey(Identifiers):
    """Exactly one of the identifiers, or a QR code of ours as it was scanned."""

    qr: QrText | None = None

    def identifier(self) -> Identifier | None:
        """The one identifier; None where it is a QR code. Raises IdentifierInvalid."""
        found = self.identifiers()
        if len(found) + (self.qr is not None) != 1:
            raise IdentifierInvalid("Name the member by exactly one identifier.")
        return found[0] if found else None


class EarningIn(Strict):
    """`points` for every `per_amount_minor` spent, rounded down per purchase."""

    points: int = Field(examples=[1])
    per_amount_minor: int = Field(examples=[100])


class ExpiryIn(Strict):
    """Points live to the end of the period they were earned in and `validity_periods` more."""

    period_months: int = Field(
        description="1, 3, 6 or 12 whole calendar months; 0 where points never expire.",
        examples=[3],
    )
    validity_periods: int = Field(description="1 to 4; 0 where points never expire.", examples=[4])
    timezone: Text = Field(
        default="UTC",
        description="IANA name. Months, and the days of the limits, begin at its midnight, or up"
        " to an hour later while it has summer time.",
        examples=["Europe/Paris"],
    )


class LimitsIn(Strict):
    """What the contract allows at most; whatever is left out has no limit."""

    supply_cap_points: int | None = Field(
        default=None, description="In circulation.", examples=[100_000_000]
    )
    mint_per_day_points: int | None = Field(
        default=None, description="Minted in a day.", examples=[1_000_000]
    )
    debit_per_day_points: int | None = Field(
        default=None,
        description="Redeemed, returned and adjusted in a day without a member's signature.",
        examples=[500_000],
    )


class TermsIn(Strict):
    uri: str = Field(
        json_schema_extra={"maxLength": 500},
        description="Where the terms can be read.",
        examples=["https://example.org/terms-2026-01.pdf"],
    )
    hash: str = Field(
        json_schema_extra={"pattern": "^0x[0-9a-f]{64}$"},
        description="Hash of the terms' bytes, published on chain.",
        examples=["0x" + "5d" * 32],
    )


class ProgramIn(Strict):
    model_config = shown(
        name="Boulangerie Martin",
        symbol="MARTIN",
        currency="EUR",
        earning={"points": 1, "per_amount_minor": 100},
        expiry={"period_months": 3, "validity_periods": 4, "timezone": "Europe/Paris"},
        limits={"mint_per_day_points": 1_000_000, "debit_per_day_points": 500_000},
    )

    name: Annotated[str, Field(max_length=200)] = Field(examples=["Boulangerie Martin"])
    symbol: Annotated[str, Field(max_length=32)] = Field(examples=["MARTIN"])
    currency: Currency
    earning: EarningIn
    hold_ttl_seconds: int = Field(
        default=900, description="How long a redemption holds points before it lapses."
    )
    expiry: ExpiryIn | None = Field(
        default=None, description="How points expire, for ever; left out, they never do."
    )
    limits: LimitsIn | None = Field(
        default=None, description="At birth; later they fall at once and rise after the notice."
    )
    signed_only: bool = Field(
        default=False, description="Whether only members' signatures take points, for ever."
    )
    notice_days: int = Field(
        default=30,
        json_schema_extra={"minimum": 1, "maximum": 3650},
        description="Days between announcing and changing terms or raising limits, for ever.",
    )
    terms: TermsIn | None = None
    card_check: Literal["none", "luhn", "ean13"] = Field(
        default="none", description="The check digit that card numbers must have."
    )
    guest_claim_days: int = Field(
        default=30,
        json_schema_extra={"minimum": 1, "maximum": 366},
        description="How long a guest's purchase can be claimed.",
    )


class MemberIn(Identifiers):
    model_config = shown(program_id=_PROGRAM, phone="+33612345678")

    program_id: str
    qr: QrText | None = Field(
        default=None, description="Of a card that is nobody's yet, as it was scanned."
    )


class SaleIn(Strict):
    """What a till says of a purchase, whoever made it."""

    model_config = shown(
        program_id=_PROGRAM,
        receipt_id="T1-2026-000124",
        occurred_at="2026-03-01T12:30:00+01:00",
        currency="EUR",
        amount_minor=1177,
    )

    program_id: str = Field(max_length=64)
    receipt_id: str = Field(
        json_schema_extra={"minLength": 1, "maxLength": 128},
        description="The till's receipt number, unique in the program for ever.",
        examples=["T1-2026-000123"],
    )
    occurred_at: Timestamp
    currency: Currency
    lines: Lines = ()
    amount_minor: AmountMinor | None = Field(
        default=None,
        validate_default=True,
        description="The total paid, tax included; it may be left out where lines are given.",
    )
    discount_minor: Share = Field(
        default=0, description="Taken off the whole basket; with lines only."
    )
    tax_minor: Share = Field(
        default=0, description="The tax in the total, without lines; each line says its own."
    )
    paid_with_gift_card_minor: Share = Field(
        default=0, description="The share of the total that gift cards paid."
    )
    store_id: Text | None = Field(default=None, description="Yours; kept with the purchase.")
    channel: Text | None = Field(default=None, description="Yours, as `till` or `web`.")

    @field_validator("amount_minor")
    @classmethod
    def _says_how_much(cls, amount_minor: int | None, told: ValidationInfo) -> int | None:
        if amount_minor is None and not told.data.get("lines"):
            raise ValueError("give amount_minor or lines")
        return amount_minor

    @property
    def total_minor(self) -> int:
        """The total, from the lines where it is not said."""
        if self.amount_minor is not None:
            return self.amount_minor
        bought = sum(line.amount_minor for line in self.lines if not line.voided)
        return bought - self.discount_minor


class PurchaseIn(SaleIn):
    model_config = shown(
        program_id=_PROGRAM,
        member={"phone": "+33612345678"},
        receipt_id="T1-2026-000123",
        occurred_at="2026-03-01T12:30:00+01:00",
        currency="EUR",
        amount_minor=1177,
    )

    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Exactly one of `member_id` and `member`."
    )
    member: MemberKey | None = None
    paid_with_points_minor: Share = Field(
        default=0, description="The share of the total that points paid."
    )
    paid_by_redemption: Annotated[str, Field(max_length=64)] | None = Field(
        default=None,
        description="Instead of that share: the payment with points that paid it. A hold is"
        " captured together with the purchase.",
    )

    @model_validator(mode="after")
    def _names_one_member(self) -> PurchaseIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self

    @model_validator(mode="after")
    def _says_once_what_points_paid(self) -> PurchaseIn:
        if self.paid_by_redemption is not None and self.paid_with_points_minor:
            raise ValueError("give paid_by_redemption or paid_with_points_minor")
        return self


class RedemptionIn(Asking):
    model_config = shown(
        program_id=_PROGRAM,
        member={"phone": "+33612345678"},
        points=50,
        capture=True,
        confirm="member",
        note="A coffee",
    )

    program_id: str = Field(max_length=64)
    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Exactly one of `member_id` and `member`."
    )
    member: MemberKey | None = None
    points: Points
    capture: bool = Field(default=False, description="Burn at once instead of holding.")

    @model_validator(mode="after")
    def _signed_is_captured(self) -> RedemptionIn:
        if self.consent is not None and not (self.capture and self.consent.redemption_ref):
            raise ValueError("consent has a redemption_ref and goes with capture: true")
        return self

    @model_validator(mode="after")
    def _names_one_member(self) -> RedemptionIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self
