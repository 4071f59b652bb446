"""What the API takes and answers about returns and refunds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backend.api.fields import Answered, Points, Strict, Text
from backend.api.requests import MemberKey, shown
from backend.api.schemas import BalanceSummary, SettlementSummary
from backend.core.returned_parts import Asked, LineAsked


class ReturnLineIn(Strict):
    line_no: int | None = Field(
        default=None,
        description="Its place in the purchase's `lines`, from 0. Exactly one of `line_no` and"
        " `line_id`.",
        examples=[0],
    )
    line_id: Text | None = Field(default=None, examples=["L1"])
    quantity: int | None = Field(
        default=None, description="Left out: all that is left of the line.", examples=[1]
    )

    def asked(self) -> LineAsked:
        return LineAsked(self.line_no, self.line_id, self.quantity)


class ReturnIn(Strict):
    """One of `lines`, `quantity` and `amount_minor`; none of them is all that is left."""

    model_config = shown(lines=[{"line_id": "L1", "quantity": 1}])

    lines: Annotated[list[ReturnLineIn], Field(max_length=1000)] = Field(default=[])
    quantity: int | None = Field(
        default=None, description="Units of a purchase that has one line.", examples=[1]
    )
    amount_minor: int | None = Field(
        default=None,
        description="Minor units (cents) of what was paid, by whatever means.",
        examples=[250],
    )

    def asked(self) -> Asked:
        """What is to go back; raises ReturnInvalid."""
        return Asked(tuple(line.asked() for line in self.lines), self.quantity, self.amount_minor)


class ReceiptReturnIn(ReturnIn):
    """A return that knows the receipt, and perhaps not the purchase."""

    model_config = shown(
        program_id="prg_01kdvdna00905t7f6hambfpdpk",
        receipt_id="T1-2026-000123",
        member={"phone": "+33612345678"},
        amount_minor=250,
    )

    program_id: str = Field(max_length=64)
    receipt_id: str | None = Field(
        default=None,
        json_schema_extra={"minLength": 1, "maxLength": 128},
        description="That of the purchase; there is no return without one.",
        examples=["T1-2026-000123"],
    )
    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="If given, the purchase must be this member's."
    )
    member: MemberKey | None = None


class RefundIn(Strict):
    model_config = shown(points=20)

    points: Points | None = Field(default=None, description="Left out: all that are left.")


class ReturnedPoints(Answered):
    taken_back: int
    unrecovered: int = Field(description="Spent meanwhile, so not taken back.")


class ReturnedAmount(Answered):
    """What goes back to the customer, by how it was paid."""

    value_minor: int = Field(description="What the returned part cost.")
    cash_minor: int
    gift_card_minor: int
    points_minor: int = Field(description="The part that points paid; it comes back in points.")


class ClawedBack(Answered):
    """The points that were credited with what went back; the other numbers add up to it."""

    credited: int
    cancelled: int = Field(description="Were still pending, and are not released any more.")
    taken_back: int
    debt: int = Field(description="Spent already; the next points make them up.")
    forgiven: int = Field(description="Spent already, and not asked for.")


class RestoredPoints(Answered):
    restored: int = Field(description="Given back, as old as they were: they expire when they did.")
    expired: int = Field(description="Expired meanwhile, so not given back.")


class RemainingOut(Answered):
    """What of the purchase was not returned."""

    amount_minor: int
    points: int = Field(description="Credited with it.")


class ClaimedGrantOut(Answered):
    """A reward that a rule gave for the purchase."""

    rule: str
    reward: str
    quantity: int
    text: str


class ReturnOut(Answered):
    id: str
    purchase_id: str
    program_id: str
    member_id: str
    operation_ids: list[str]
    points: ReturnedPoints
    balance: BalanceSummary
    settlement: SettlementSummary
    amount: ReturnedAmount
    clawed_back: ClawedBack
    points_part: RestoredPoints
    remaining: RemainingOut
    grants: list[ClaimedGrantOut] = Field(
        description="Rewards of the purchase that were claimed, once all of it is back: yours to"
        " ask for. Those that were not are cancelled."
    )


class ReturnWaitsOut(Answered):
    """The purchase is not known yet; the return is applied with it."""

    id: str
    program_id: str
    receipt_id: str
    status: Literal["waiting"] = "waiting"
    received_at: str


class ReturnRecordOut(Answered):
    """A return as it stands; what has not happened is null."""

    id: str
    program_id: str
    status: Literal["waiting", "applied", "refused"]
    refusal: str | None = Field(description="The code for which it could not be applied.")
    receipt_id: str
    purchase_id: str | None
    received_at: str
    amount: ReturnedAmount | None
    clawed_back: ClawedBack | None
    points_part: RestoredPoints | None


class PurchaseReturnsOut(Answered):
    data: list[ReturnRecordOut]
    remaining: RemainingOut


class RefundOut(Answered):
    redemption_id: str
    program_id: str
    member_id: str
    points: RestoredPoints
    operation_ids: list[str] = Field(description="One for each date on which the points expire.")
    balance: BalanceSummary
    settlement: SettlementSummary
    remaining: int = Field(description="Points of the redemption that were not refunded.")
