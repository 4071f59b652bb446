"""Paying with points: what they are worth at the till, and how many of them a basket takes.

A program's rules have it in their section `spend`:

    {"points": 100, "worth_minor": 100, "min_points": 200, "threshold_points": 0,
     "min_basket_minor": 0, "max_share_percent": 50}

says that 100 points pay 1.00, at least 200 of them at a time and at most half of the basket. A
pot in money (cagnotte) has `{"points": 1, "worth_minor": 1, "threshold_points": 1000}`: spendable
from 10.00 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from backend.core.errors import RuleInvalid
from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.operations import POINTS_MAX
from backend.core.spending_errors import PaymentRefused

_REQUIRED: Final = ("points", "worth_minor")
_LEAST_AND_MOST: Final = {
    "points": (1, 10**9),
    "worth_minor": (1, 10**9),
    "min_points": (0, POINTS_MAX),
    "threshold_points": (0, POINTS_MAX),
    "min_basket_minor": (0, AMOUNT_MINOR_MAX),
    "max_share_percent": (1, 100),
}


Refused = Literal[
    "below_threshold", "basket_too_small", "nothing_to_pay", "above_share", "below_minimum"
]
"""Why a basket does not take a payment with points."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Points that pay `worth_minor` of a basket: never more of them than that takes."""

    points: int
    worth_minor: int


@dataclass(frozen=True, slots=True)
class SpendPolicy:
    """`points` are worth `worth_minor`; build it with `parse`."""

    points: int = 1
    worth_minor: int = 1
    min_points: int = 0
    threshold_points: int = 0
    min_basket_minor: int = 0
    max_share_percent: int = 100

    @classmethod
    def parse(cls, document: object) -> SpendPolicy:
        """Of the section `spend`; raises RuleInvalid, with a JSON pointer into the section."""
        if not isinstance(document, Mapping):
            raise RuleInvalid("The section spend is an object.", pointer="")
        given: dict[str, int] = {}
        for name, value in document.items():
            if name not in _LEAST_AND_MOST:
                raise RuleInvalid("The section spend has no such member.", pointer=f"/{name}"[:64])
            least, most = _LEAST_AND_MOST[name]
            if type(value) is not int or not least <= value <= most:
                raise RuleInvalid(f"A whole number from {least} to {most}.", pointer=f"/{name}")
            given[name] = value
        for name in _REQUIRED:
            if name not in given:
                raise RuleInvalid("The section spend needs this member.", pointer=f"/{name}")
        return cls(**given)

    def worth_minor_floor(self, points: int) -> int:
        """What so many points pay, rounded down to the minor unit."""
        return points * self.worth_minor // self.points

    def points_ceil(self, amount_minor: int) -> int:
        """The fewest points that pay the amount."""
        return -(-amount_minor * self.points // self.worth_minor)

    def most(self, basket_minor: int, available_points: int) -> Payment:
        """The most the member can pay of the basket without a point being worth less than it is;
        nothing where the policy refuses."""
        payment = self._fitting(basket_minor, available_points)
        return Payment(0, 0) if self.refusal(payment, basket_minor, available_points) else payment

    def why_nothing(self, basket_minor: int, available_points: int) -> Refused | None:
        """Why `most` is nothing; None where it is something."""
        payment = self._fitting(basket_minor, available_points)
        return self.refusal(payment, basket_minor, available_points)

    def _fitting(self, basket_minor: int, available_points: int) -> Payment:
        share_minor = basket_minor * self.max_share_percent // 100
        points = min(share_minor * self.points // self.worth_minor, available_points)
        worth_minor = self.worth_minor_floor(points)
        return Payment(self.points_ceil(worth_minor), worth_minor)

    def refusal(self, payment: Payment, basket_minor: int, available_points: int) -> Refused | None:
        """Why the basket does not take the payment."""
        if available_points < self.threshold_points:
            return "below_threshold"
        if basket_minor < self.min_basket_minor:
            return "basket_too_small"
        if payment.worth_minor < 1:
            return "nothing_to_pay"
        if payment.worth_minor > basket_minor * self.max_share_percent // 100:
            return "above_share"
        return "below_minimum" if payment.points < self.min_points else None

    def pay(self, amount_minor: int, basket_minor: int, available_points: int) -> Payment:
        """The points for an amount of the basket; raises PaymentRefused with the reason.

        Whether the member has so many is for the caller to see.
        """
        payment = Payment(self.points_ceil(amount_minor), amount_minor)
        reason = self.refusal(payment, basket_minor, available_points)
        if reason is not None:
            raise PaymentRefused("The basket does not take this many points.", reason=reason)
        return payment
