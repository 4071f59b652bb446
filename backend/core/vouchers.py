"""Vouchers: what is left on one, and every way of using it.

A voucher holds units: uses, or minor units of its currency. Each unit is free, reserved by a till
for a while, or spent; a till checks, reserves, redeems or releases, and can take a redemption
back. No step makes or loses a unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.spending_errors import (
    VoucherInvalid,
    VoucherNotUsable,
    VoucherUseClosed,
    VoucherValueExceeded,
)

USES_MAX: Final = 100_000


class VoucherKind(StrEnum):
    """What a voucher's units are."""

    USES = "uses"
    VALUE = "value"


class VoucherState(StrEnum):
    ACTIVE = "active"
    VOID = "void"


class UseState(StrEnum):
    """RESERVED runs out by itself; a reversal leaves REDEEMED as long as something of it stands."""

    RESERVED = "reserved"
    REDEEMED = "redeemed"
    RELEASED = "released"
    REVERSED = "reversed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Allowance:
    """The units of a voucher: `capacity` of them, of which so many are reserved and spent."""

    capacity_units: int
    reserved_units: int = 0
    spent_units: int = 0

    @property
    def free_units(self) -> int:
        return self.capacity_units - self.reserved_units - self.spent_units

    def reserved(self, units: int) -> Allowance:
        """With more reserved; raises VoucherValueExceeded when so many are not free."""
        if not 1 <= units <= self.free_units:
            raise VoucherValueExceeded(
                "The voucher does not have that much left.", free_units=max(self.free_units, 0)
            )
        return replace(self, reserved_units=self.reserved_units + units)

    def redeemed(self, held_units: int, units: int) -> Allowance:
        """With `units` of a reservation spent, and the rest of it free again.

        Raises VoucherValueExceeded for more than was reserved.
        """
        if not 1 <= units <= held_units:
            raise VoucherValueExceeded(
                "More is to be redeemed than was reserved.", reserved_units=held_units
            )
        return replace(
            self,
            reserved_units=self.reserved_units - held_units,
            spent_units=self.spent_units + units,
        )

    def released(self, held_units: int) -> Allowance:
        return replace(self, reserved_units=self.reserved_units - held_units)

    def reversed(self, standing_units: int, units: int) -> Allowance:
        """With `units` of a redemption given back, of which `standing_units` still stand.

        Raises VoucherValueExceeded for more than those.
        """
        if not 1 <= units <= standing_units:
            raise VoucherValueExceeded(
                "More is to be given back than was redeemed.", redeemed_units=standing_units
            )
        return replace(self, spent_units=self.spent_units - units)


def check_terms(
    kind: VoucherKind, capacity_units: int, from_ms: int, expires_at_ms: int | None
) -> None:
    """Raises VoucherInvalid when a voucher cannot be made like this."""
    most = USES_MAX if kind is VoucherKind.USES else AMOUNT_MINOR_MAX
    if not 1 <= capacity_units <= most:
        raise VoucherInvalid(f"A voucher has 1 to {most} {kind.value}.")
    if expires_at_ms is not None and expires_at_ms <= from_ms:
        raise VoucherInvalid("A voucher has to be valid for a while before it expires.")


def why_not_usable(
    state: VoucherState, from_ms: int, expires_at_ms: int | None, free_units: int, now_ms: int
) -> str | None:
    """Why the voucher takes no use now: void, not_yet_valid, expired or used_up."""
    if state is VoucherState.VOID:
        return "void"
    if now_ms < from_ms:
        return "not_yet_valid"
    if expires_at_ms is not None and now_ms >= expires_at_ms:
        return "expired"
    return "used_up" if free_units <= 0 else None


def require_usable(reason: str | None) -> None:
    """Raises VoucherNotUsable with the reason, if there is one."""
    if reason is not None:
        raise VoucherNotUsable("The voucher cannot be used now.", reason=reason)


def use_state(stored: UseState, expires_at_ms: int, now_ms: int) -> UseState:
    """The state as of now: a reservation past its time is over, whoever wrote it down."""
    if stored is UseState.RESERVED and now_ms >= expires_at_ms:
        return UseState.EXPIRED
    return stored


def require_use(state: UseState, wanted: UseState) -> None:
    """Raises VoucherUseClosed, naming the state, unless the use is in the one that is wanted."""
    if state is not wanted:
        raise VoucherUseClosed(f"The use is {state.value}, not {wanted.value}.", state=state.value)
