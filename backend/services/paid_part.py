"""What a redemption pays of a basket, as its row says; see `pay_with_points`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.errors import PointsOutOfRange
from backend.core.spending import SpendPolicy
from backend.core.spending_errors import PaymentMismatch
from backend.ledger.payment_tables import PointPayment
from backend.ledger.unit_of_work import UnitOfWork

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PaidPart:
    """`worth_minor` of a basket of `basket_minor`; `purchase_id` once a purchase named it."""

    currency: str
    basket_minor: int
    worth_minor: int
    purchase_id: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> PaidPart | None:
        """None for a redemption that pays no basket."""
        if row.get("worth_minor") is None:
            return None
        return cls(
            currency=row["currency"],
            basket_minor=row["basket_minor"],
            worth_minor=row["worth_minor"],
            purchase_id=row["purchase_id"],
        )


def part_of(row: Row, points: int | None, amount_minor: int | None) -> int:
    """How many of the held points to capture; None and None is all of them.

    Raises PointsOutOfRange for more than are held, PaymentMismatch for an amount where no basket
    is paid or for more than was agreed.
    """
    if amount_minor is not None:
        paid = PaidPart.of(row)
        if paid is None:
            raise PaymentMismatch("The redemption pays no basket.", reason="no_payment")
        if not 1 <= amount_minor <= paid.worth_minor:
            raise PaymentMismatch("The hold pays less.", reason="amount")
        points = row["points"] if amount_minor == paid.worth_minor else _rate(row, amount_minor)
    points = row["points"] if points is None else points
    if not 1 <= points <= row["points"]:
        raise PointsOutOfRange(
            "A capture takes at least one of the held points.", held_points=row["points"]
        )
    return int(points)


def restate_payment(work: UnitOfWork, row: Row) -> None:
    """After a capture of part of the points: what they are worth at the rate of the hold."""
    if row.get("worth_minor") is None:
        return
    policy = SpendPolicy(row["rate_points"], row["rate_worth_minor"])
    row["worth_minor"] = min(row["worth_minor"], policy.worth_minor_floor(row["points"]))
    work.stage_update(PointPayment, {"redemption_id": row["id"], "worth_minor": row["worth_minor"]})


def _rate(row: Row, amount_minor: int) -> int:
    return SpendPolicy(row["rate_points"], row["rate_worth_minor"]).points_ceil(amount_minor)
