"""Claims: what a member took out of the catalogue, from the hold of its points to the handover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from backend.core.rewards import Window
from backend.core.spending_errors import ClaimNotCancellable, ClaimNotGranted, ClaimNotHeld

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ClaimState(StrEnum):
    """HELD: points and stock are reserved. GRANTED: the points are burned and the reward is the
    member's. FULFILLED: it was handed over, or its voucher is used up."""

    HELD = "held"
    GRANTED = "granted"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


LIVE: Final = (ClaimState.GRANTED, ClaimState.FULFILLED)
"""What counts against stock and limits for good; a hold does as long as it runs."""


def claim_state(stored: ClaimState, expires_at_ms: int, now_ms: int) -> ClaimState:
    """The state as of now: a hold past its end is over, whoever wrote it down."""
    if stored is ClaimState.HELD and now_ms >= expires_at_ms:
        return ClaimState.EXPIRED
    return stored


def require_held(state: ClaimState) -> None:
    """Raises ClaimNotHeld, naming the state."""
    if state is not ClaimState.HELD:
        raise ClaimNotHeld(f"The claim is {state.value}.", state=state.value)


def require_granted(state: ClaimState) -> None:
    """Raises ClaimNotGranted, naming the state."""
    if state is not ClaimState.GRANTED:
        raise ClaimNotGranted(f"The claim is {state.value}.", state=state.value)


def require_cancellable(
    state: ClaimState,
    granted_at_ms: int,
    cancel_within_hours: int,
    used_units: int,
    now_ms: int,
) -> None:
    """A hold can always be cancelled; what was granted, for as long as the reward's terms said
    at the time, and while nothing of its voucher is used or reserved.

    Raises ClaimNotCancellable with the reason: the state, too_late, or voucher_used.
    """
    if state is ClaimState.HELD:
        return
    if state is not ClaimState.GRANTED:
        raise ClaimNotCancellable(f"The claim is {state.value}.", reason=state.value)
    if now_ms >= granted_at_ms + cancel_within_hours * HOUR_MS:
        raise ClaimNotCancellable("The time to cancel is over.", reason="too_late")
    if used_units:
        raise ClaimNotCancellable("The voucher is in use or used.", reason="voucher_used")


def window_start_ms(window: Window, timezone_name: str, now_ms: int) -> int:
    """When the window began that `now_ms` is in: local midnight of the day, the first of the
    month or of January in the IANA zone; 0 for ever."""
    if window is Window.EVER:
        return 0
    local = (_EPOCH + timedelta(milliseconds=now_ms)).astimezone(ZoneInfo(timezone_name))
    day = 1 if window in (Window.MONTH, Window.YEAR) else local.day
    month = 1 if window is Window.YEAR else local.month
    start = local.replace(month=month, day=day, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return (start - _EPOCH) // timedelta(milliseconds=1)


def end_of_day_ms(timezone_name: str, now_ms: int, days: int) -> int:
    """The local midnight that ends the day which is so many days after today."""
    zone = ZoneInfo(timezone_name)
    local = (_EPOCH + timedelta(milliseconds=now_ms)).astimezone(zone)
    last = local.date() + timedelta(days=days + 1)
    midnight = datetime(last.year, last.month, last.day, tzinfo=zone)
    return (midnight - _EPOCH) // timedelta(milliseconds=1)
