"""Requests and answers of the API, as models: what OpenAPI shows is what is checked and sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from backend.api.fields import Answered, Strict, Text, Timestamp
from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.operations import POINTS_MAX

AmountMinor = Annotated[
    int,
    Field(
        json_schema_extra={"minimum": 0, "maximum": AMOUNT_MINOR_MAX},
        description="Minor units of the currency (cents).",
        examples=[1177],
    ),
]
Points = Annotated[
    int, Field(json_schema_extra={"minimum": 1, "maximum": POINTS_MAX}, examples=[50])
]
Currency = Annotated[str, Field(max_length=16, description="ISO 4217 code.", examples=["EUR"])]
SettlementName = Literal["accepted", "sealed", "broadcast", "included", "final", "parked"]


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


class EarningOut(Answered):
    points: int
    per_amount_minor: int
    rounding: Literal["floor"] = "floor"


class ProgramOut(Answered):
    id: str
    name: str
    symbol: str
    currency: str
    earning: EarningOut
    hold_ttl_seconds: int
    status: Literal["deploying", "active"]
    contract_address: str | None
    created_at: str


class SupplyOut(Answered):
    """total_supply + in_flight = minted − redeemed − returned − expired."""

    program_id: str
    total_supply: int = Field(description="Points on chain at as_of_block.")
    minted: int = Field(description="Points ever earned.")
    redeemed: int
    returned: int = Field(description="Points taken back with returned purchases.")
    expired: int
    in_flight: int = Field(description="Net points accepted but not on chain at as_of_block.")
    parked: int = Field(description="Operations the chain refused; see the operator's alarms.")
    as_of_block: int


class MemberIn(Identifiers):
    program_id: str


class MemberOut(Answered):
    id: str
    program_id: str
    address: str = Field(description="The member's address on chain.")
    external_id: str | None
    phone: str | None
    email: str | None
    card: str | None
    created_at: str


class MembersPage(Answered):
    data: list[MemberOut]
    has_more: bool


class ExpiringOut(Answered):
    points: int
    expires_on: str


class BalanceOut(Answered):
    """Points as accepted, and how far the chain shows them."""

    member_id: str
    available: int
    pending: int
    held: int
    settled: int = Field(description="Points on chain at as_of_block.")
    final: int = Field(description="Points on chain in final blocks.")
    as_of_block: int
    expiring: list[ExpiringOut]


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


class ReasonOut(Answered):
    rule: str
    points: int
    text: str


class EarnedOut(Answered):
    earned: int
    reasons: list[ReasonOut]


class BalanceSummary(Answered):
    available: int
    pending: int
    held: int


class SettlementSummary(Answered):
    status: Literal["accepted", "none"] = Field(
        description="`none` when there is nothing to bring on chain."
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
    balance: BalanceSummary
    settlement: SettlementSummary


class QuoteOut(Answered):
    program_id: str
    member_id: str
    points: EarnedOut
    balance: BalanceSummary = Field(description="As it would be after the purchase.")


class ReturnIn(Strict):
    """The whole purchase is returned."""


class ReturnedPoints(Answered):
    taken_back: int
    unrecovered: int = Field(description="Spent meanwhile, so not taken back.")


class ReturnOut(Answered):
    id: str
    purchase_id: str
    program_id: str
    member_id: str
    operation_ids: list[str]
    points: ReturnedPoints
    balance: BalanceSummary
    settlement: SettlementSummary


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


class RedemptionOut(Answered):
    id: str
    program_id: str
    member_id: str
    points: int
    status: Literal["held", "captured", "cancelled", "expired"]
    created_at: str
    expires_at: str
    operation_ids: list[str]
    balance: BalanceSummary
    settlement: SettlementSummary


class BatchPlace(Answered):
    seq: int
    index: int


class OperationOut(Answered):
    id: str
    program_id: str
    member_id: str
    kind: str
    points: int
    source_id: str
    recorded_at: str
    status: SettlementName
    batch: BatchPlace | None
    tx_hash: str | None
    block_number: int | None
    explorer_url: str | None
    parked_reason: str | None


class ProofOut(Answered):
    """Everything a third party needs to check that the operation is in its batch."""

    operation_id: str
    program_address: str
    seq: int
    index: int
    leaf_count: int
    word: str
    commitment: str
    details: str = Field(description="What the commitment hides, in canonical JSON.")
    leaf: str
    siblings: list[str]
    receipts_root: str


class HistoryEntry(Answered):
    operation_id: str
    kind: str
    points: int = Field(description="Positive when earned, negative when spent or taken back.")
    source_id: str
    recorded_at: str
    reasons: list[ReasonOut]
    status: SettlementName


class HistoryPage(Answered):
    data: list[HistoryEntry]
    has_more: bool
