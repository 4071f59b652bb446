"""What the API takes and answers about coalitions, statements and what expires."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from backend.api.fields import Answered, Strict
from backend.api.requests import EarningIn, shown
from backend.api.schemas import EarningOut, ExpiringOut

_MERCHANT: Final = "mer_01kdvdna00jz2w4cgq3zq4vt8d"


class PartnerIn(Strict):
    model_config = shown(merchant_id=_MERCHANT, earning={"points": 1, "per_amount_minor": 200})

    merchant_id: Annotated[str, Field(max_length=64)]
    earning: EarningIn | None = Field(
        default=None,
        description="What is earned at this merchant's tills; left out, what the program's own"
        " rules say.",
    )


class PartnerOut(Answered):
    program_id: str
    merchant_id: str
    name: str
    earning: EarningOut | None
    joined_at: str
    left_at: str | None


class PartnersOut(Answered):
    data: list[PartnerOut]


class ClearingAccountOut(Answered):
    """What became of the points one merchant gave: opening + issued − taken_back − redeemed −
    lapsed = closing."""

    merchant_id: str
    name: str | None
    opening: int
    issued: int
    taken_back: int = Field(description="With returned purchases.")
    redeemed: int = Field(description="Anywhere in the coalition, net of refunds.")
    lapsed: int = Field(description="Expired, or given up when a membership was closed.")
    closing: int


class ClearingCellOut(Answered):
    """Points that `issuer` gave and that were redeemed at `redeemer`: what the one owes the
    other."""

    issuer: str
    redeemer: str
    points: int


class ClearingOut(Answered):
    program_id: str
    from_: str = Field(serialization_alias="from", description="The first instant.")
    to: str = Field(description="The first instant that is not in it any more.")
    accounts: list[ClearingAccountOut]
    redeemed: list[ClearingCellOut] = Field(
        description="Zero where a pair is left out. A partner sees its own row and column, with"
        " `others` for the other merchants."
    )


class StatementOut(Answered):
    """opening + earned + moved + adjusted − redeemed − taken_back − expired = closing."""

    member_id: str
    program_id: str
    from_: str = Field(serialization_alias="from", description="The first instant.")
    to: str = Field(description="The first instant that is not in it any more.")
    opening: int
    earned: int
    redeemed: int = Field(description="Net of refunds.")
    taken_back: int = Field(description="With returned purchases.")
    expired: int
    moved: int = Field(description="From an account that was merged into this one, or to one.")
    adjusted: int = Field(description="Corrections, and what was given up at closing.")
    closing: int


class MemberExpiringOut(Answered):
    member_id: str
    expiring: list[ExpiringOut]


class ExpiringPage(Answered):
    data: list[MemberExpiringOut]
    has_more: bool
    next_after: str | None = Field(description="What to send as `starting_after` for more.")
