"""What the API takes and answers about rules, offers and progress."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, JsonValue

from backend.api.fields import Answered, Strict
from backend.api.requests import shown

RULES_EXAMPLE: Final[dict[str, JsonValue]] = {
    "format": 1,
    "currency": "EUR",
    "rounding": "carry",
    "rules": [
        {
            "id": "base",
            "title": {"en": "1 point per euro", "fr": "1 point par euro"},
            "earn": {"kind": "rate", "points": 1, "per_minor": 100},
        },
        {
            "id": "happy_hour",
            "title": {"en": "Happy hour", "fr": "Happy hour"},
            "when": {"hours": [{"from": "17:00", "until": "19:00"}]},
            "earn": {"kind": "multiply", "bp": 20_000},
        },
    ],
}


class RulesIn(Strict):
    """A version of the rules as a document: docs/merchant/rules.md has its format."""

    model_config = shown(document=RULES_EXAMPLE)

    document: dict[str, JsonValue]


class RulesOut(Answered):
    """A version of a program's rules."""

    program_id: str
    version: int = Field(description="Counts from 1 in the program.")
    status: Literal["draft", "published", "retired"]
    hash: str = Field(description="SHA-256 of the document's canonical JSON; in every receipt.")
    created_at: str
    published_at: str | None
    retired_at: str | None
    document: dict[str, Any]


class RulesPage(Answered):
    data: list[RulesOut]
    has_more: bool


class OfferOut(Answered):
    """A rule that holds for the member now, were `requires` true as well."""

    rule: str
    title: dict[str, str] = Field(description="By language.", examples=[{"en": "Happy hour"}])
    event: str = Field(description="`purchase`, or the event that sets it off.")
    earn: dict[str, Any] = Field(description="What it gives, in the document's words.")
    lines: dict[str, Any] | None = Field(description="Which lines it is about; null for all.")
    requires: dict[str, Any] = Field(description="What depends on the purchase or event.")
    last_day: str | None = Field(description="In the program's time; null without an end.")


class OffersPage(Answered):
    data: list[OfferOut]
    has_more: bool


class ProgressStep(Answered):
    """The way to a rule's next award."""

    rule: str
    title: dict[str, str]
    unit: str = Field(
        description="`stamps`, `purchases`, `visits`, `minor`, `points`, `days`, `weeks`, `months`."
    )
    done: int
    goal: int
    missing: int
    points: int = Field(description="What the award gives; 0 where it is a reward alone.")
    reward: str | None


class ProgressOut(Answered):
    """What the program remembers of a member, and what is missing to the next awards."""

    member_id: str
    program_id: str
    purchase_count: int
    visit_days: int
    spend_minor: int
    earned_points: int
    last_purchase_on: str | None
    segments: list[str]
    labels: list[str]
    steps: list[ProgressStep]
