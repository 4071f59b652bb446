"""A question to a member: may these points be redeemed? It lasts as long as its hold."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from backend.core.control_errors import ConfirmationOver
from backend.core.lifecycle import RedemptionState


class ConfirmationState(StrEnum):
    """WAITING, CONFIRMED and REFUSED are stored; the others follow from the hold.

    CANCELLED is the till's doing, EXPIRED time's.
    """

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_OVER: Final = {
    ConfirmationState.CONFIRMED: "It was confirmed already.",
    ConfirmationState.REFUSED: "It was refused already.",
    ConfirmationState.CANCELLED: "The till took the question back.",
    ConfirmationState.EXPIRED: "The time to answer is over; the points are available again.",
}


def confirmation_state(
    stored: ConfirmationState, redemption: RedemptionState, lapsed_points: int
) -> ConfirmationState:
    """The state as of now, given how the hold stands now.

    What is signed is exactly what was asked: a hold that lost points to time cannot be signed for.
    """
    if stored is not ConfirmationState.WAITING:
        return stored
    if redemption is RedemptionState.HELD and not lapsed_points:
        return ConfirmationState.WAITING
    if redemption is RedemptionState.CANCELLED:
        return ConfirmationState.CANCELLED
    return ConfirmationState.EXPIRED


def require_waiting(state: ConfirmationState) -> None:
    """Raises ConfirmationOver, naming the state, unless an answer is still waited for."""
    if state is not ConfirmationState.WAITING:
        raise ConfirmationOver(_OVER[state], state=state.value)
