"""Calls: what is asked of the chain besides batches, and when one can never succeed."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CallKind(StrEnum):
    """Kinds of call, each with a transaction of its own (redemptions share one)."""

    REDEEM = "redeem"
    SET_SIGNED_ONLY = "set_signed_only"
    REBIND = "rebind"
    EXPIRE = "expire"
    ISSUE_BADGES = "issue_badges"
    REVOKE_BADGES = "revoke_badges"


HOPELESS: Final = frozenset(
    {
        "BadSignature",
        "SignatureExpired",
        "SignatureRequired",
        "BadTarget",
        "ZeroAmount",
        "ProgramClosed",
        "BadgeExists",
        "UnknownBadge",
        "BadHolder",
        "MissingPrecompile",
    }
)
"""Errors of a call that waiting does not mend: it is parked with the reason."""
