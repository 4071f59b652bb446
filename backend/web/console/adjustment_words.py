"""Why points are given or taken by hand, and what became of it, in words."""

from __future__ import annotations

from typing import Final

from backend.web.kit.languages import marked

REASONS: Final = {
    "goodwill": marked("Goodwill"),
    "complaint": marked("Complaint"),
    "forgotten_card": marked("Card or receipt forgotten"),
    "correction": marked("Correction of a mistake"),
    "contest": marked("Contest or event"),
    "migration": marked("Points of an earlier program"),
    "misuse": marked("Misuse"),
    "other": marked("Another reason"),
}
STATES: Final = {
    "waiting": marked("Waiting for a second person"),
    "posted": marked("Posted"),
    "refused": marked("Refused"),
}
