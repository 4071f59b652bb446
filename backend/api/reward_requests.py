"""What the API takes about rewards, claims and charities."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from backend.api.asking import Asking
from backend.api.fields import AmountMinor, Points, Strict, Text, Timestamp, to_ms
from backend.api.requests import MemberKey, shown
from backend.core.rewards import RewardTerms

RewardKindName = Literal[
    "discount_amount", "discount_percent", "product", "service", "experience", "gift_card",
    "free_delivery", "donation", "early_access", "digital_content", "eco",
]  # fmt: skip
WindowName = Literal["ever", "day", "month", "year"]
Url = Annotated[str, Field(max_length=500, pattern=r"^https://[!-~]+$")]
StepId = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$", examples=["small"])]
_PROGRAM = "prg_01kdvdna00905t7f6hambfpdpk"
_MEMBER = "mem_01kdvdna00gte2hdyrj1gk0zx7"


class TextsIn(Strict):
    """What members read, in English and in French."""

    en: Annotated[str, Field(min_length=1, max_length=2000)] = Field(examples=["5 € off"])
    fr: Annotated[str, Field(min_length=1, max_length=2000)] = Field(examples=["5 € offerts"])


class StepIn(Strict):
    """A price: points, and cash that the till takes beside them."""

    id: StepId = "standard"
    points: Points
    cash_minor: AmountMinor = 0
    value: int | None = Field(
        default=None,
        description="What it gives: minor units of a discount, gift card or donation, or percent"
        " of a basket (`discount_percent`); null for the other kinds.",
        examples=[500],
    )


class MemberLimitIn(Strict):
    """How many claims a member may make, in a day, month or year of the program's zone."""

    count: int = Field(examples=[1])
    window: WindowName = "ever"


class RewardTermsIn(Strict):
    model_config = shown(
        kind="discount_amount",
        title={"en": "5 € or 12 € off", "fr": "5 € ou 12 € offerts"},
        steps=[
            {"id": "small", "points": 100, "value": 500},
            {"id": "large", "points": 200, "value": 1200},
        ],
        voucher_days=60,
        cancel_within_hours=24,
    )

    kind: RewardKindName
    title: TextsIn
    description: TextsIn | None = None
    image_url: Url | None = Field(default=None, examples=["https://example.org/coffee.webp"])
    steps: Annotated[list[StepIn], Field(min_length=1, max_length=20)]
    stock: int | None = Field(default=None, description="Left out, it never runs out.")
    limit_per_member: MemberLimitIn | None = None
    available_from: Timestamp | None = None
    available_until: Timestamp | None = None
    tiers: Annotated[list[Text], Field(max_length=20)] = Field(
        default=[], description="Only for members of these tiers; empty is for everybody."
    )
    voucher_days: int | None = Field(
        default=None, description="Valid to the end of the day so many days after the claim."
    )
    voucher_uses: int = Field(default=1, description="How often a voucher is good, 1 to 1000.")
    cancel_within_hours: int = Field(
        default=0, description="How long after the claim points are given back; 0 is never."
    )
    sku: Text | None = Field(default=None, description="What a `product` is.")
    charity_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Whom a `donation` or `eco` reward goes to."
    )
    content_url: Url | None = Field(
        default=None, description="`digital_content`: shown to who claimed it."
    )
    place: Text | None = Field(default=None, description="Where an `experience` is.")
    starts_at: Timestamp | None = Field(default=None, description="When it is.")

    def terms(self) -> RewardTerms:
        """As the core has them; raises RewardInvalid."""
        limit = self.limit_per_member
        given: dict[str, Any] = self.model_dump(
            include={
                "kind", "title", "image_url", "stock", "tiers", "voucher_days", "voucher_uses",
                "cancel_within_hours", "sku", "charity_id", "content_url", "place", "starts_at",
                "steps",
            }
        )  # fmt: skip
        return RewardTerms.parse(
            given
            | {
                "description": self.description.model_dump() if self.description else {},
                "per_member": limit.count if limit else None,
                "per_member_window": limit.window if limit else "ever",
                "from_ms": to_ms(self.available_from) if self.available_from else None,
                "until_ms": to_ms(self.available_until) if self.available_until else None,
            }
        )


class RewardIn(RewardTermsIn):
    model_config = shown(
        program_id=_PROGRAM,
        state="active",
        kind="discount_amount",
        title={"en": "5 € or 12 € off", "fr": "5 € ou 12 € offerts"},
        steps=[
            {"id": "small", "points": 100, "value": 500},
            {"id": "large", "points": 200, "value": 1200},
        ],
        stock=1000,
        limit_per_member={"count": 2, "window": "month"},
        voucher_days=60,
        cancel_within_hours=24,
    )

    program_id: str = Field(max_length=64)
    key: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")] | None = Field(
        default=None,
        description="The name that rules give it by; it stays. Unique among those not archived.",
        examples=["free_loaf"],
    )
    state: Literal["draft", "active"] = "draft"


class RewardClaimIn(Asking):
    model_config = shown(member_id=_MEMBER, step="small")

    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Exactly one of `member_id` and `member`."
    )
    member: MemberKey | None = None
    step: StepId | None = Field(
        default=None, description="Which price; may be left out where there is one."
    )
    capture: bool = Field(
        default=True, description="False holds points and stock until the claim is captured."
    )

    @model_validator(mode="after")
    def _signed_is_captured(self) -> RewardClaimIn:
        if self.consent is not None and not (self.capture and self.consent.redemption_ref):
            raise ValueError("consent has a redemption_ref and goes with capture: true")
        return self

    @model_validator(mode="after")
    def _names_one_member(self) -> RewardClaimIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self


class CharityIn(Strict):
    model_config = shown(
        program_id=_PROGRAM,
        name="Les Abeilles de Lyon",
        registration="RNA W691234567",
        url="https://example.org/abeilles",
    )

    program_id: str = Field(max_length=64)
    name: Text = Field(examples=["Les Abeilles de Lyon"])
    registration: Text = Field(
        description="Its number in a public register, as RNA or SIREN in France.",
        examples=["RNA W691234567"],
    )
    url: Url | None = None
