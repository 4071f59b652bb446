"""What the API takes and answers about events."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StrictBool, StrictInt, StringConstraints, model_validator

from backend.api.earning_schemas import EarnedOut, GrantOut
from backend.api.fields import Answered, Strict, Text, Timestamp
from backend.api.requests import MemberKey, shown
from backend.api.schemas import BalanceSummary, SettlementSummary
from backend.core.money import AMOUNT_MINOR_MAX

ATTRIBUTES_MAX: Final = 20
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Whole = Annotated[StrictInt, Field(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX)]


class EventIn(Strict):
    """Something a member did besides buying."""

    model_config = shown(
        program_id="prg_01kdvdna00905t7f6hambfpdpk",
        member={"phone": "+33612345678"},
        event_id="review-88421",
        name="review",
        occurred_at="2026-03-01T12:30:00+01:00",
        attributes={"stars": 5, "with_photo": True},
    )

    program_id: str = Field(max_length=64)
    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Exactly one of `member_id` and `member`."
    )
    member: MemberKey | None = None
    event_id: Text = Field(
        description="Yours, unique in the program for ever.", examples=["review-88421"]
    )
    name: Name = Field(
        description="What rules wait for: `review`, `survey`, `social`, `app_visit`,"
        " `profile_completed`, or a name of your own.",
        examples=["review"],
    )
    occurred_at: Timestamp
    attributes: dict[Name, StrictBool | Whole | Text] = Field(
        default={}, max_length=ATTRIBUTES_MAX, description="What rules may ask about."
    )
    purchase_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None,
        description="Whose pending points the event releases, as after a delivery; without it,"
        " all of the member's that wait for an event of this name.",
    )

    @model_validator(mode="after")
    def _names_one_member(self) -> EventIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self


class EventOut(Answered):
    id: str
    program_id: str
    member_id: str
    event_id: str
    name: str
    occurred_at: str
    operation_ids: list[str]
    points: EarnedOut
    released: int = Field(description="Pending points that the event released.")
    grants: list[GrantOut]
    balance: BalanceSummary
    settlement: SettlementSummary
