"""Points given or taken by hand: why, how much of it one person may do, and what becomes of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from backend.core.errors import Conflict, InvalidInput, NotFound
from backend.core.operations import POINTS_MAX

APPROVAL_ABOVE_POINTS: Final = 500
"""What one person may give or take alone, until the merchant says otherwise."""
NOTE_CHARACTERS_MIN: Final = 3
NOTE_CHARACTERS_MAX: Final = 500


class AdjustmentReason(StrEnum):
    """Why points are given or taken; the value is part of the receipt, for ever."""

    GOODWILL = "goodwill"
    COMPLAINT = "complaint"
    FORGOTTEN_CARD = "forgotten_card"
    CORRECTION = "correction"
    CONTEST = "contest"
    MIGRATION = "migration"
    MISUSE = "misuse"
    OTHER = "other"


class AdjustmentState(StrEnum):
    """A posted one is in the journal; one that waits, or was refused, is nowhere else."""

    WAITING = "waiting"
    POSTED = "posted"
    REFUSED = "refused"


class AdjustmentInvalid(InvalidInput):
    code = "adjustment_invalid"


class UnknownAdjustment(NotFound):
    code = "unknown_adjustment"


class AdjustmentDecided(Conflict):
    code = "adjustment_decided"
    of_pages = True


class ApprovalByAnother(Conflict):
    code = "approval_by_another"
    of_pages = True


def check(points: int, note: str) -> None:
    """Raises AdjustmentInvalid."""
    if not points or abs(points) > POINTS_MAX:
        raise AdjustmentInvalid(f"An adjustment gives or takes 1 to {POINTS_MAX} points.")
    if not NOTE_CHARACTERS_MIN <= len(note) <= NOTE_CHARACTERS_MAX or not note.strip():
        raise AdjustmentInvalid(
            f"Say why in {NOTE_CHARACTERS_MIN} to {NOTE_CHARACTERS_MAX} characters."
        )
