"""What the API answers, as models: what OpenAPI shows is what is sent."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backend.api.confirmation_schemas import ConfirmationOut
from backend.api.earning_schemas import EarnedOut, GrantOut
from backend.api.fields import Answered
from backend.api.limit_schemas import LimitsOut, WaitingOut

KindName = Literal[
    "accrue", "bonus", "redeem", "return", "restore", "adjust_credit", "adjust_debit",
    "lapse", "lapse_undone", "redeem_undone", "return_undone",
]  # fmt: skip
SettlementName = Literal["accepted", "sealed", "broadcast", "included", "final", "parked"]


class EarningOut(Answered):
    points: int
    per_amount_minor: int
    rounding: Literal["floor"] = "floor"


class ExpiryOut(Answered):
    period_months: int
    validity_periods: int
    timezone: str
    utc_offset_minutes: int = Field(
        description="What the contract counts with: the zone's smallest offset, so that no month"
        " ends before its midnight."
    )


class TermsOut(Answered):
    uri: str
    hash: str


class AnnouncedTermsOut(TermsOut):
    effective_at: str


class ProgramOut(Answered):
    id: str
    name: str
    symbol: str
    currency: str
    earning: EarningOut
    hold_ttl_seconds: int
    expiry: ExpiryOut | None = Field(description="Null where points never expire.")
    limits: LimitsOut
    signed_only: bool
    notice_days: int
    terms: TermsOut | None = Field(description="In force; null where none are on chain.")
    announced_terms: AnnouncedTermsOut | None = None
    mint_paused: bool = False
    redemption_until: str | None = Field(
        default=None, description="The last second of redemption of a closing program."
    )
    status: Literal["deploying", "active"] = Field(
        description="Purchases are accepted in both; `active` once its contract is on chain."
    )
    contract_address: str | None
    created_at: str
    card_check: Literal["none", "luhn", "ean13"]
    guest_claim_days: int
    coalition: bool = Field(description="Whether other merchants take part.")


class ProgramsPage(Answered):
    data: list[ProgramOut]
    has_more: bool


class SupplyOut(Answered):
    """total_supply + in_flight = minted − redeemed − returned − expired."""

    program_id: str
    total_supply: int = Field(description="Points on chain at as_of_block.")
    minted: int = Field(description="Points ever earned.")
    redeemed: int
    returned: int = Field(description="Points taken back with returned purchases.")
    expired: int = Field(
        description="Points that time took; those a hold keeps are not among them."
    )
    in_flight: int = Field(
        description="Net points accepted but not on chain at as_of_block, less those that have"
        " expired and were not swept on chain yet."
    )
    parked: int = Field(description="Operations the chain refused; see the operator's alarms.")
    as_of_block: int = Field(description="-1 until the chain has been read.")


class IdentifiersOut(Answered):
    """All that the member is known by, the newest first."""

    external_id: list[str]
    phone: list[str]
    email: list[str]
    card: list[str]


class MemberOut(Answered):
    id: str
    program_id: str
    address: str = Field(description="The member's address on chain.")
    external_id: str | None = Field(description="The newest of its kind, as the next three.")
    phone: str | None
    email: str | None
    card: str | None
    identifiers: IdentifiersOut
    created_at: str
    state: Literal["active", "deactivated", "closed", "merged"] = "active"
    merged_into: str | None = Field(default=None, description="Who answers for a merged member.")
    erased: bool = Field(default=False, description="Whether what named the person is destroyed.")


class MembersPage(Answered):
    data: list[MemberOut]
    has_more: bool


class ExpiringOut(Answered):
    points: int
    expires_at: str = Field(description="The instant from which they are gone.")
    last_day: str = Field(
        description="The last day they can be spent, in the program's time: the date to say aloud.",
        examples=["2027-03-31"],
    )


class BalanceOut(Answered):
    """Points as accepted, and how far the chain shows them."""

    member_id: str
    available: int = Field(description="What can be spent now.")
    pending: int = Field(
        description="Earned, not yet to be spent: they wait for a date or an event."
    )
    held: int = Field(description="Held by redemptions that are neither captured nor cancelled.")
    debt: int = Field(
        description="Owed from returns of points that were spent; the next points make it up."
    )
    settled: int = Field(description="Points on chain at as_of_block.")
    final: int = Field(description="Points on chain in final blocks; follows settled in seconds.")
    as_of_block: int = Field(description="-1 until the chain has been read.")
    expiring: list[ExpiringOut] = Field(
        description="What is available by when it expires, the first to expire first; empty where"
        " points never expire."
    )


class ReasonOut(Answered):
    rule: str
    points: int
    text: str


class BalanceSummary(Answered):
    available: int
    pending: int
    held: int


class SettlementSummary(Answered):
    status: Literal["accepted", "none"] = Field(
        description="As of this answer. Follow the operation for how far it got since;"
        " `none` when there is nothing to bring on chain."
    )


class PurchaseOut(Answered):
    id: str
    program_id: str
    member_id: str
    receipt_id: str
    occurred_at: str
    currency: str
    amount_minor: int
    operation_ids: list[str]
    points: EarnedOut
    grants: list[GrantOut] = Field(description="Rewards that rules give, beside the points.")
    balance: BalanceSummary
    settlement: SettlementSummary


class QuoteOut(Answered):
    program_id: str
    member_id: str
    points: EarnedOut
    grants: list[GrantOut]
    balance: BalanceSummary = Field(description="As it would be after the purchase.")


class PaymentOut(Answered):
    """What a redemption pays of a basket."""

    currency: str
    basket_minor: int
    amount_minor: int = Field(description="Of the basket; less after a capture of a part.")
    purchase_id: str | None = Field(description="The purchase that named it.")


class RedemptionOut(Answered):
    id: str
    program_id: str
    member_id: str
    points: int
    status: Literal["held", "awaiting_member", "captured", "cancelled", "refunded", "expired"] = (
        Field(description="`awaiting_member`: held until the member confirms or refuses.")
    )
    created_at: str
    expires_at: str
    operation_ids: list[str]
    payment: PaymentOut | None = Field(description="Null for one that pays no basket.")
    confirmation: ConfirmationOut | None = Field(
        description="What the member was asked; null where nobody had to."
    )
    balance: BalanceSummary
    settlement: SettlementSummary


class BatchPlace(Answered):
    """Where the operation stands in what was settled."""

    seq: int = Field(description="The batch's number in its program, from 1 without gaps.")
    index: int = Field(description="The operation's position in the batch, from 0.")


class OperationOut(Answered):
    """One movement of points. What it has not reached yet is null."""

    id: str
    program_id: str
    member_id: str
    kind: KindName
    points: int = Field(description="Positive when earned, negative when spent or taken back.")
    source_id: str = Field(description="The purchase, return or redemption that caused it.")
    recorded_at: str
    status: SettlementName
    waiting: WaitingOut | None = Field(description="Null when it is a matter of seconds.")
    batch: BatchPlace | None
    tx_hash: str | None
    block_number: int | None
    explorer_url: str | None = Field(description="Where the operator has named an explorer.")
    parked_reason: str | None


class ProofOut(Answered):
    """Everything a third party needs to check that the operation is in its batch."""

    operation_id: str
    program_address: str
    seq: int
    index: int
    leaf_count: int
    word: str = Field(description="The 256-bit batch word the chain was sent.")
    commitment: str
    details: str = Field(description="What the commitment hides, in canonical JSON.")
    leaf: str
    siblings: list[str]
    receipts_root: str


class HistoryEntry(Answered):
    operation_id: str
    kind: KindName
    points: int = Field(description="Positive when earned, negative when spent or taken back.")
    source_id: str
    recorded_at: str
    reasons: list[ReasonOut]
    status: SettlementName


class HistoryPage(Answered):
    data: list[HistoryEntry]
    has_more: bool
