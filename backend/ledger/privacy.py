"""Reads of what members agreed to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from backend.core.privacy import ChoicePurpose
from backend.ledger.columns import table_of
from backend.ledger.privacy_tables import MemberChoice

_CHOICES = table_of(MemberChoice)
_OF_MEMBER = (
    select(_CHOICES)
    .where(_CHOICES.c.member_id == bindparam("member"))
    .order_by(_CHOICES.c.id.desc())
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice as it was made."""

    purpose: ChoicePurpose
    granted: bool
    source: str
    wording: str
    chosen_at_ms: int


def choices_of(connection: Connection, member_id: str) -> list[Choice]:
    """Every choice of a member's, the newest first."""
    return [
        Choice(ChoicePurpose(row.purpose), row.granted, row.source, row.wording, row.chosen_at_ms)
        for row in connection.execute(_OF_MEMBER, {"member": member_id})
    ]


def holding(choices: list[Choice]) -> dict[ChoicePurpose, Choice]:
    """What holds now: the newest of each purpose. What was never chosen is not agreed to."""
    found: dict[ChoicePurpose, Choice] = {}
    for choice in choices:
        found.setdefault(choice.purpose, choice)
    return found
