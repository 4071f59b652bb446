"""The basket of a purchase, line by line, as a till sends it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from backend.api.fields import AmountMinor, Strict, Text
from backend.core.engine.basket import LINES_MAX, QUANTITY_MAX, Line, LineKind
from backend.core.money import AMOUNT_MINOR_MAX

Share = Annotated[
    int, Field(json_schema_extra={"minimum": 0, "maximum": AMOUNT_MINOR_MAX}, examples=[0])
]
BASKET_EXAMPLE: Final = [
    {"line_id": "1", "sku": "BAGUETTE", "category": "bread", "quantity": 2, "amount_minor": 260,
     "tax_minor": 14},
    {"line_id": "2", "sku": "GIFT-20", "kind": "gift_card", "amount_minor": 2000},
]  # fmt: skip


class LineIn(Strict):
    """A line of the receipt; amounts are of the whole line, after its own discount."""

    line_id: Text = Field(description="Yours; returns name it.", examples=["1"])
    amount_minor: AmountMinor
    quantity: int = Field(
        default=1, json_schema_extra={"minimum": 1, "maximum": QUANTITY_MAX}, examples=[2]
    )
    kind: LineKind = "product"
    sku: Text | None = Field(default=None, examples=["BAGUETTE"])
    category: Text | None = Field(default=None, examples=["bread"])
    brand: Text | None = None
    tax_minor: Share = Field(default=0, description="The tax within the amount.")
    discount_minor: Share = Field(default=0, description="Was taken off the amount already.")
    cost_minor: Share | None = Field(
        default=None, description="What it costs you; for rules that mind the margin."
    )
    voided: bool = Field(default=False, description="On the receipt, but not bought.")

    def line(self) -> Line:
        """As the engine takes it; raises BasketInvalid."""
        return Line(**dict(self))


Lines = Annotated[
    tuple[LineIn, ...],
    Field(
        strict=False,
        max_length=LINES_MAX,
        description="The lines that are not voided add up to the total and `discount_minor`.",
        examples=[BASKET_EXAMPLE],
    ),
]
