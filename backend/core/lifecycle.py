"""The states things go through, and which step may follow which."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from backend.core.errors import RedemptionNotCaptured, RedemptionNotHeld


class SettlementState(StrEnum):
    """How far an operation is on its way to the chain."""

    ACCEPTED = "accepted"
    SEALED = "sealed"
    BROADCAST = "broadcast"
    INCLUDED = "included"
    FINAL = "final"
    PARKED = "parked"


class RedemptionState(StrEnum):
    HELD = "held"
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    EXPIRED = "expired"


_CLOSED_MESSAGES: Final = {
    RedemptionState.CAPTURED: "The redemption was captured already.",
    RedemptionState.CANCELLED: "The redemption was cancelled.",
    RedemptionState.REFUNDED: "The redemption was captured and refunded.",
    RedemptionState.EXPIRED: "The hold ran out and its points are available again.",
}


def redemption_state(stored: RedemptionState, expires_at_ms: int, now_ms: int) -> RedemptionState:
    """The state as of now: a hold past its end is expired, whether or not anyone wrote it down."""
    if stored is RedemptionState.HELD and now_ms >= expires_at_ms:
        return RedemptionState.EXPIRED
    return stored


def require_captured(state: RedemptionState) -> None:
    """Raises RedemptionNotCaptured, naming the state, unless the points were burned."""
    if state is not RedemptionState.CAPTURED:
        raise RedemptionNotCaptured("Only a captured redemption is refunded.", state=state.value)


def require_held(state: RedemptionState) -> None:
    """Raises RedemptionNotHeld, naming the state, unless the points are still held."""
    if state is not RedemptionState.HELD:
        raise RedemptionNotHeld(_CLOSED_MESSAGES[state], state=state.value)
