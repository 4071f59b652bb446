"""What a member buys: a basket of lines, or an amount alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from backend.core.errors import BasketInvalid
from backend.core.money import AMOUNT_MINOR_MAX, currency_exponent

LineKind = Literal["product", "service", "shipping", "gift_card"]
LINE_KINDS: Final[frozenset[str]] = frozenset(get_args(LineKind))
LINES_MAX: Final = 1000
QUANTITY_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt; amounts are of the whole line, in minor units.

    `amount_minor` is what the customer pays after the line's discount, tax included;
    `discount_minor` was taken off it already and `tax_minor` is part of it. `cost_minor` is what
    the line costs the merchant, where known. A voided line is on the receipt but not bought.

    Raises BasketInvalid when an amount is out of range.
    """

    line_id: str
    amount_minor: int
    quantity: int = 1
    kind: LineKind = "product"
    sku: str | None = None
    category: str | None = None
    brand: str | None = None
    tax_minor: int = 0
    discount_minor: int = 0
    cost_minor: int | None = None
    voided: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= QUANTITY_MAX:
            raise BasketInvalid(f"A line has a quantity of 1 to {QUANTITY_MAX}.")
        if not 0 <= self.amount_minor <= AMOUNT_MINOR_MAX:
            raise BasketInvalid(f"A line's amount is 0 to {AMOUNT_MINOR_MAX} minor units.")
        if not 0 <= self.tax_minor <= self.amount_minor:
            raise BasketInvalid("A line's tax is part of its amount.")
        if not 0 <= self.discount_minor <= AMOUNT_MINOR_MAX:
            raise BasketInvalid(f"A line's discount is 0 to {AMOUNT_MINOR_MAX} minor units.")
        if self.cost_minor is not None and not 0 <= self.cost_minor <= AMOUNT_MINOR_MAX:
            raise BasketInvalid(f"A line's cost is 0 to {AMOUNT_MINOR_MAX} minor units.")
        if self.kind not in LINE_KINDS:
            raise BasketInvalid(f"A line is one of {', '.join(sorted(LINE_KINDS))}.")


@dataclass(frozen=True, slots=True)
class Basket:
    """A purchase: the total paid, tax included, in minor units of `currency`, and its lines.

    Without lines the total is all that is known. With lines, those that are not voided add up to
    the total plus `discount_minor` (what was taken off the whole basket). The shares paid with
    points and with gift cards are part of the total. `tax_minor` is the tax in an amount without
    lines; with lines, each says its own.

    Raises BasketInvalid, or CurrencyUnknown.
    """

    currency: str
    amount_minor: int
    lines: tuple[Line, ...] = ()
    discount_minor: int = 0
    tax_minor: int = 0
    paid_with_points_minor: int = 0
    paid_with_gift_card_minor: int = 0
    store_id: str | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        currency_exponent(self.currency)
        if not 0 <= self.amount_minor <= AMOUNT_MINOR_MAX:
            raise BasketInvalid(f"A purchase is 0 to {AMOUNT_MINOR_MAX} minor units.")
        if min(self.discount_minor, self.paid_with_points_minor) < 0:
            raise BasketInvalid("Amounts taken off or paid are not negative.")
        paid = self.paid_with_points_minor + self.paid_with_gift_card_minor
        if self.paid_with_gift_card_minor < 0 or paid > self.amount_minor:
            raise BasketInvalid("What points and gift cards pay is part of the total.")
        if not 0 <= self.tax_minor <= self.amount_minor:
            raise BasketInvalid("The tax is part of the total.")
        if self.lines:
            self._check_lines()
        elif self.discount_minor:
            raise BasketInvalid("A discount on the basket needs lines: send the total paid.")

    def _check_lines(self) -> None:
        if len(self.lines) > LINES_MAX:
            raise BasketInvalid(f"A purchase has at most {LINES_MAX} lines.")
        if len({line.line_id for line in self.lines}) != len(self.lines):
            raise BasketInvalid("Two lines have the same line_id.")
        bought = sum(line.amount_minor for line in self.lines if not line.voided)
        if bought != self.amount_minor + self.discount_minor:
            raise BasketInvalid(
                "The lines that are not voided must add up to the total plus the discount.",
                lines_minor=bought,
            )
