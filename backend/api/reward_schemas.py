"""What the API answers about rewards, claims and charities."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backend.api.confirmation_schemas import ConfirmationOut
from backend.api.fields import Answered
from backend.api.reward_requests import RewardKindName, WindowName
from backend.api.schemas import BalanceSummary, SettlementSummary
from backend.api.voucher_schemas import VoucherOut
from backend.core.rewards import ClosedFor, RewardState


class TextsOut(Answered):
    en: str
    fr: str


class StepOut(Answered):
    id: str
    points: int
    cash_minor: int
    value: int | None


class MemberLimitOut(Answered):
    count: int
    window: WindowName


class RewardOut(Answered):
    id: str
    program_id: str
    key: str | None = Field(description="The name that rules give it by.")
    state: RewardState
    kind: RewardKindName
    title: TextsOut
    description: TextsOut | None
    image_url: str | None
    currency: str
    steps: list[StepOut]
    stock: int | None = Field(description="Null where it never runs out.")
    left: int | None = Field(description="Of the stock, running holds taken off; never below 0.")
    claimed: int = Field(description="Claims that stand, holds that run among them.")
    limit_per_member: MemberLimitOut | None
    available_from: str | None
    available_until: str | None
    tiers: list[str]
    voucher_days: int | None
    voucher_uses: int
    cancel_within_hours: int
    sku: str | None
    charity_id: str | None
    place: str | None
    starts_at: str | None
    created_at: str
    updated_at: str


class RewardsPage(Answered):
    data: list[RewardOut]
    has_more: bool


class ReachOut(Answered):
    """A reward as it stands for one member."""

    reward: RewardOut
    reachable: bool = Field(description="Whether the member can have its cheapest step now.")
    closed_for: ClosedFor | None = Field(description="Why not, points aside.")
    missing_points: int = Field(description="For the cheapest step; 0 when there are enough.")


class ReachablePage(Answered):
    member_id: str
    available: int = Field(description="The points that can be spent now.")
    next: ReachOut | None = Field(description="What the fewest more points would bring in reach.")
    data: list[ReachOut] = Field(description="Those in reach first, then by what is missing.")
    has_more: bool


class DonationReceiptOut(Answered):
    """Says that the merchant gives in the member's name. It is no tax receipt."""

    number: str
    charity_id: str
    charity: str
    registration: str
    amount_minor: int
    currency: str
    issued_at: str


class ClaimOut(Answered):
    id: str
    reward_id: str
    program_id: str
    member_id: str
    step_id: str
    kind: RewardKindName
    title: TextsOut
    points: int
    cash_minor: int = Field(description="What the till takes beside the points.")
    currency: str
    status: Literal["held", "granted", "fulfilled", "cancelled", "expired"]
    created_at: str
    expires_at: str = Field(description="When a hold runs out.")
    granted_at: str | None
    redemption_id: str | None = Field(description="Null for what rules granted.")
    grant_id: str | None = Field(description="The grant it was made of; null if points paid.")
    voucher: VoucherOut | None = Field(description="Null until granted, and where none is given.")
    receipt: DonationReceiptOut | None
    content_url: str | None = Field(description="`digital_content` that was granted.")


class ClaimAnswer(ClaimOut):
    restored_points: int | None = Field(
        description="What a cancelled claim gave back; fewer than it took where some expired."
    )
    operation_ids: list[str]
    balance: BalanceSummary
    settlement: SettlementSummary
    confirmation: ConfirmationOut | None = Field(
        description="What the member was asked before the points go; null where nobody had to."
    )


class ClaimsPage(Answered):
    data: list[ClaimOut]
    has_more: bool


class MemberGrantOut(Answered):
    """A reward that rules gave the member."""

    id: str
    program_id: str
    member_id: str
    reward: str = Field(description="As the rule names it: the reward's `key`, or its id.")
    rule: str
    text: str
    quantity: int
    claimed: int
    status: Literal["open", "used", "cancelled"]
    source_id: str = Field(description="The purchase or event that brought it.")
    created_at: str


class GrantsPage(Answered):
    data: list[MemberGrantOut]
    has_more: bool


class CharityOut(Answered):
    id: str
    program_id: str
    name: str
    registration: str
    url: str | None
    listed: bool
    receipts: int = Field(description="Donations so far; the last receipt has this number.")
    donated_minor: int
    created_at: str


class CharitiesPage(Answered):
    data: list[CharityOut]
    has_more: bool
