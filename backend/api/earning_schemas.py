"""What the API answers about earning: points with their reasons, and rewards that rules give."""

from __future__ import annotations

from pydantic import Field

from backend.api.fields import Answered


class EarnedReasonOut(Answered):
    rule: str = Field(description="The rule's id in the program's rules; `base` for its own terms.")
    points: int
    text: str
    pending: bool = Field(description="Whether these wait for their release.")


class EarnedOut(Answered):
    """The reasons add up to earned + pending."""

    earned: int = Field(description="Points to be spent at once.")
    pending: int = Field(description="Points that wait for a date or an event.")
    reasons: list[EarnedReasonOut]


class GrantOut(Answered):
    """A reward that a rule gives beside points."""

    id: str | None = Field(description="To claim it by; null in a quote.")
    rule: str
    reward: str = Field(description="As the rule names it: the reward's `key`, or its id.")
    quantity: int
    text: str
