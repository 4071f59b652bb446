"""What of a basket earns: the earning basis, said in the program's terms."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.engine.allocation import largest_remainder
from backend.core.engine.basket import Basket, Line
from backend.core.engine.reading import Reading, one_of


@dataclass(frozen=True, slots=True)
class BasisTerms:
    """Which money counts. By default what is paid in money for products and services.

    `tax_included`, `before_discount`, `shipping`, `gift_cards` (buying one), `services`,
    `paid_with_points` and `paid_with_gift_card` say whether that part earns.
    """

    tax_included: bool = True
    before_discount: bool = False
    shipping: bool = False
    gift_cards: bool = False
    services: bool = True
    paid_with_points: bool = False
    paid_with_gift_card: bool = True

    @classmethod
    def parse(cls, reading: Reading) -> BasisTerms:
        """The section `basis`; raises RuleInvalid."""
        flags = ("shipping", "gift_cards", "services", "paid_with_points", "paid_with_gift_card")
        reading.fields("tax", "discount", *flags)
        terms = {
            "tax_included": reading.get("tax", one_of("included", "excluded"), "included")
            == "included",
            "before_discount": reading.get("discount", one_of("after", "before"), "after")
            == "before",
        }
        terms |= {name: reading.child(name).flag() for name in flags if reading.has(name)}
        return cls(**terms)

    def line_basis(self, basket: Basket) -> tuple[int, ...]:
        """Minor units that earn, line by line; one number for a basket without lines.

        A discount on the whole basket and the shares paid with points and gift cards are spread
        over the lines in proportion to their amounts.
        """
        lines = basket.lines or (_whole(basket),)
        amounts = [0 if line.voided else line.amount_minor for line in lines]
        taken = 0
        if not self.paid_with_points:
            taken += basket.paid_with_points_minor
        if not self.paid_with_gift_card:
            taken += basket.paid_with_gift_card_minor
        plain = self.tax_included and not self.before_discount
        if plain and not taken and not basket.discount_minor:
            pairs = zip(lines, amounts, strict=True)
            return tuple([amount if self._counts(line) else 0 for line, amount in pairs])
        none = (0,) * len(lines)
        discounts = largest_remainder(basket.discount_minor, amounts) or none
        after = [amount - cut for amount, cut in zip(amounts, discounts, strict=True)]
        # A hundred-percent voucher leaves nothing that could have been paid in points.
        unpaid = largest_remainder(taken, after) or none
        return tuple(
            self._of_line(line, left, left - share)
            for line, left, share in zip(lines, after, unpaid, strict=True)
        )

    def _of_line(self, line: Line, charged: int, remaining: int) -> int:
        """`charged` is the line's price after all discounts, `remaining` its share that counts."""
        if line.voided or not self._counts(line):
            return 0
        if self.before_discount:
            # The discount earns in the same share as what was charged.
            full = line.amount_minor + line.discount_minor
            remaining = full * remaining // charged if charged else full
            charged = full
        if self.tax_included or not line.amount_minor:
            return remaining
        return remaining - line.tax_minor * remaining // line.amount_minor

    def _counts(self, line: Line) -> bool:
        if line.kind == "product":
            return True
        if line.kind == "service":
            return self.services
        return self.shipping if line.kind == "shipping" else self.gift_cards


def _whole(basket: Basket) -> Line:
    return Line("", basket.amount_minor, tax_minor=basket.tax_minor)
