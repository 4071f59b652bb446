"""A member as a group of commands knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping

from backend.core.expiry import MemberWord
from backend.ledger.load_statements import LOT_NAMES, STANDING_NAMES

NOBODY: Final = MemberWord()


@dataclass(slots=True)
class MemberState:
    """A member with points by age, and the points held by redemptions that are still running.

    `covered_points` of the held ones have expired since: they are no longer in `word`. Where it
    was learned late that some had expired before they were held, more is held than there is.
    `run_out_points` expired too, and the hold that kept them has run out. `pending_points` wait
    for their release and are in nothing else; `debt_points` are owed. `wrapped_key` is empty once
    the member has been erased. `standing` is the document of what the program remembers, None
    until rules first judged the member.
    """

    id: str
    program_id: str
    address: str
    points: int
    held_points: int
    wrapped_key: bytes
    word: MemberWord = NOBODY
    covered_points: int = 0
    run_out_points: int = 0
    pending_points: int = 0
    debt_points: int = 0
    standing: str | None = None
    tier_id: str | None = None
    tier_since_ms: int | None = None
    tier_until_ms: int | None = None
    created_at_ms: int = 0
    sealed_birthday: bytes | None = None
    state: str = "active"
    merged_into: str | None = None
    tier_policy: str | None = None
    tier_document: str | None = None
    badge_wanted: str | None = None
    badge_due: bool = False

    @property
    def available_points(self) -> int:
        return max(0, self.word.balance - self.held_points + self.covered_points)


def member_state(row: RowMapping) -> MemberState:
    """The member of a row of the members' statement."""
    lots = tuple([row[name] for name in LOT_NAMES])
    return MemberState(
        id=row["id"],
        program_id=row["program_id"],
        address=row["address"],
        points=row["points"],
        held_points=row["held_points"],
        wrapped_key=row["wrapped_key"] or b"",
        word=MemberWord(period=row["period"], buckets=lots),
        covered_points=row["covered_points"],
        run_out_points=row["run_out_points"],
        pending_points=row["pending_points"],
        debt_points=row["debt_points"],
        created_at_ms=row["created_at_ms"],
        sealed_birthday=row["sealed_birthday"],
        state=row["state"],
        merged_into=row["merged_into"],
        **{name: row[name] for name in STANDING_NAMES},
    )
