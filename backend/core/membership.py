"""The states a member goes through, and what each of them refuses.

A deactivated member keeps everything and comes back. A closed one never does, and what named them
may have been erased. A merged one lives on under another id.
"""

from __future__ import annotations

from enum import StrEnum

from backend.core.life_errors import MemberClosed, MemberDeactivated, MemberMerged


class MembershipState(StrEnum):
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    CLOSED = "closed"
    MERGED = "merged"


def require_active(state: str, merged_into: str | None) -> None:
    """Raises MemberDeactivated, or what `require_open` raises: who cannot earn or spend."""
    if state == MembershipState.ACTIVE:
        return
    require_open(state, merged_into)
    raise MemberDeactivated("The member is deactivated; reactivate them first.")


def require_open(state: str, merged_into: str | None) -> None:
    """Raises MemberClosed or MemberMerged, which names the member they became: who is no more."""
    if state == MembershipState.MERGED and merged_into is not None:
        raise MemberMerged("The member was merged into another one.", merged_into=merged_into)
    if state in (MembershipState.CLOSED, MembershipState.MERGED):
        raise MemberClosed("The membership is closed.")
