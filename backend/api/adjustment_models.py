"""What the API takes and answers about points given and taken by hand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backend.api.fields import Answered, Strict
from backend.api.requests import shown
from backend.core.adjustments import (
    NOTE_CHARACTERS_MAX,
    NOTE_CHARACTERS_MIN,
    AdjustmentReason,
)
from backend.core.operations import POINTS_MAX

ReasonName = Literal[
    "goodwill", "complaint", "forgotten_card", "correction", "contest", "migration", "misuse",
    "other",
]  # fmt: skip


class AdjustmentIn(Strict):
    """Points above 0 are given, below 0 taken."""

    model_config = shown(points=50, reason="goodwill", note="Waited an hour for the delivery.")

    points: int = Field(
        json_schema_extra={"minimum": -POINTS_MAX, "maximum": POINTS_MAX}, examples=[50]
    )
    reason: ReasonName = Field(description="Becomes part of the receipt, for ever.")
    note: Annotated[str, Field(min_length=NOTE_CHARACTERS_MIN, max_length=NOTE_CHARACTERS_MAX)] = (
        Field(description="Why, for those who read it later; erased with the member.")
    )

    def why(self) -> AdjustmentReason:
        return AdjustmentReason(self.reason)


class AdjustmentOut(Answered):
    id: str
    program_id: str
    member_id: str
    points: int
    reason: ReasonName
    note: str
    status: Literal["waiting", "posted", "refused"] = Field(
        description="Above the program's bound it waits for one of the merchant's people."
    )
    asked_at: str
    decided_at: str | None
    operation_id: str | None = Field(description="What moved the points, once it is posted.")
