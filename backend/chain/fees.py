"""What a settlement transaction offers for its gas (EIP-1559), all in wei per gas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Nodes accept a replacement only when both fees rise by at least 10 % (geth) or 12.5 % (others).
_BUMP_NUMERATOR: Final = 9
_BUMP_DENOMINATOR: Final = 8


@dataclass(frozen=True, slots=True)
class Fees:
    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class FeeTooHigh:
    """Nothing may be sent now: `needed_wei` is above `cap_wei`."""

    needed_wei: int
    cap_wei: int

    def __str__(self) -> str:
        return f"needs {self.needed_wei} wei per gas, the cap is {self.cap_wei}"


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """The most a settlement pays per gas is `cap_wei`, whatever the network asks."""

    cap_wei: int

    def __post_init__(self) -> None:
        if self.cap_wei < 1:
            raise ValueError("the fee cap must be at least 1 wei")

    def first(self, base_fee_wei: int, tip_wei: int) -> Fees | FeeTooHigh:
        """Fees of a first attempt: twice the base fee and the tip, up to the cap."""
        if base_fee_wei > self.cap_wei:
            return FeeTooHigh(base_fee_wei, self.cap_wei)
        max_fee = min(self.cap_wei, 2 * base_fee_wei + tip_wei)
        # A zero fee is refused by nodes and could not be bumped.
        return Fees(max(1, max_fee), min(tip_wei, max_fee))

    def bump(self, previous: Fees, base_fee_wei: int, tip_wei: int) -> Fees | FeeTooHigh:
        """Fees of a replacement: at least an eighth above `previous` in both parts."""
        wanted = self.first(base_fee_wei, tip_wei)
        if isinstance(wanted, FeeTooHigh):
            return wanted
        least = Fees(_raised(previous.max_fee_wei), _raised(previous.priority_fee_wei))
        if least.max_fee_wei > self.cap_wei:
            return FeeTooHigh(least.max_fee_wei, self.cap_wei)
        max_fee = max(least.max_fee_wei, wanted.max_fee_wei)
        tip = max(least.priority_fee_wei, wanted.priority_fee_wei)
        if tip > self.cap_wei:
            return FeeTooHigh(tip, self.cap_wei)
        return Fees(max(max_fee, tip), tip)


def _raised(fee_wei: int) -> int:
    return max(fee_wei + 1, -(-fee_wei * _BUMP_NUMERATOR // _BUMP_DENOMINATOR))
